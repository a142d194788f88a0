"""Generates fleet documents of any size: every hosting kind in a realistic share, spread over accounts and regions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# Regions in the order companies tend to open them.
REGIONS = (
    "us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "us-east-2",
    "ap-northeast-1", "ap-southeast-2", "ap-southeast-1", "ap-south-1", "eu-west-2",
    "ca-central-1", "eu-north-1", "us-west-1", "eu-west-3", "sa-east-1",
    "ap-northeast-2", "ap-northeast-3", "eu-south-1", "me-south-1", "af-south-1",
)  # fmt: skip
ACCESS_KEY = "AKIASIMULATORLOAD000"
FIRST_ACCOUNT = 200_000_000_000
TEAMS = ("search", "risk", "media", "growth", "assistant", "ads", "maps", "pricing", "support", "research")
WRITES = ["*:Create*", "*:Update*", "*:Delete*", "*:Put*", "*:Register*", "*:Deregister*", "*:AddTags"]
# Endpoints of one kind share this many traffic shapes, so that a day's arrays are few whatever the size.
SHAPES = 3

_TRACKING = {
    "PolicyName": "calls-per-instance",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 900,
        "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    },
}
# (share of a hundred, what the endpoint is called, its entry)
KINDS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (20, "classify", {
        "serverless": {"memory_mb": 2048, "max_concurrency": 10},
        "traffic": {"model": "diurnal", "per_minute": 60, "latency_ms": 120},
    }),
    (14, "seldom", {
        "serverless": {"memory_mb": 4096, "max_concurrency": 5},
        "traffic": {"model": "intermittent", "sessions_per_week": 14, "wider_per_week": 2, "latency_ms": 600},
    }),
    (6, "import", {
        "serverless": {"memory_mb": 3072, "max_concurrency": 20},
        "traffic": {"model": "bursty", "per_minute": 120, "quiet_per_minute": 0, "latency_ms": 200},
    }),
    (4, "warm", {
        "serverless": {"memory_mb": 3072, "max_concurrency": 20, "provisioned": 4},
        "traffic": {"model": "diurnal", "per_minute": 400, "floor": 0.3, "latency_ms": 150},
        "scaling": [{"dimension": "provisioned", "min": 2, "max": 8}],
    }),
    (18, "rank", {
        "instances": {"type": "ml.c5.large", "count": 2, "volume_gb": 10},
        "traffic": {"model": "diurnal", "per_minute": 900, "floor": 0.3, "latency_ms": 40},
        "scaling": [{"dimension": "instances", "min": 1, "max": 6, "policies": [_TRACKING]}],
    }),
    (7, "forgotten", {
        "instances": {"type": "ml.m5.large", "count": 1, "volume_gb": 5},
        "traffic": {"model": "idle"},
    }),
    (7, "vision", {
        "instances": {"type": "ml.g5.xlarge", "count": 1},
        "traffic": {"model": "sustained", "per_minute": 120, "latency_ms": 300},
    }),
    (6, "tenants", {
        "instances": {"type": "ml.m5d.xlarge", "count": 2},
        "model": {"mode": "MultiModel", "data": "s3://sim-models/tenants/"},
        "traffic": {"model": "diurnal", "per_minute": 200, "latency_ms": 60, "hit_ratio": 0.93, "models": 80},
    }),
    (2, "tiers", {
        "instances": {"type": "ml.c5.xlarge", "count": 1, "volume_gb": 10},
        "model": {"containers": ["gold", "silver", "bronze"], "execution": "Direct"},
        "traffic": {"model": "diurnal", "per_minute": 150, "latency_ms": 90},
    }),
    (2, "pipeline", {
        "instances": {"type": "ml.m5.xlarge", "count": 1, "volume_gb": 10},
        "model": {"containers": ["prepare", "predict"], "execution": "Serial"},
        "traffic": {"model": "diurnal", "per_minute": 150, "latency_ms": 90},
    }),
    (6, "transcribe", {
        "instances": {"type": "ml.g4dn.xlarge", "count": 1},
        "async": {"max_concurrent": 4},
        "traffic": {"model": "async", "per_minute": 3, "latency_ms": 20000},
        "scaling": [{"dimension": "instances", "min": 0, "max": 4}],
    }),
    (2, "stuck", {
        "instances": {"type": "ml.g4dn.xlarge", "count": 0},
        "async": {"max_concurrent": 2},
        "traffic": {"model": "async_backlog", "backlog": 7, "latency_ms": 30000},
    }),
    (3, "llm", {
        "instances": {"type": "ml.g5.2xlarge", "count": 1, "managed_min": 1, "managed_max": 3},
        "components": [{"name": "{name}-chat", "copies": 1}, {"name": "{name}-sum", "copies": 1}],
        "traffic": {"model": "diurnal", "per_minute": 20, "latency_ms": 1800},
    }),
    (2, "canary", {
        "instances": {"type": "ml.c5.large", "count": 1, "volume_gb": 5},
        "variants": [{"name": "Blue", "weight": 9}, {"name": "Green", "weight": 1}],
        "traffic": {"model": "diurnal", "per_minute": 300, "latency_ms": 50},
    }),
    (1, "shadowed", {
        "instances": {"type": "ml.c5.large", "count": 1, "volume_gb": 5},
        "shadow": {"name": "Candidate"},
        "capture": 20,
        "traffic": {"model": "diurnal", "per_minute": 300, "latency_ms": 50},
    }),
)  # fmt: skip
# One slot per percent; 37 and 100 have no common divisor, so steps of 37 visit every slot.
_SLOTS = [kind for kind in KINDS for _ in range(kind[0])]


def accounts(count: int, regions: int) -> list[dict[str, Any]]:
    """Account entries with a read and an act role behind an external id; the first one's keys may assume them."""
    return [
        {
            "alias": f"acc-{number:03}",
            "id": str(FIRST_ACCOUNT + 1_001 * number),
            "management": number == 0,
            "access_keys": [ACCESS_KEY] if number == 0 else [],
            "regions": list(REGIONS[:regions]),
            "roles": [
                {"name": "FlotillaAct", "external_id": f"load-{number:03}"},
                {"name": "FlotillaRead", "external_id": f"load-{number:03}", "deny": WRITES},
            ],
        }
        for number in range(count)
    ]


def fleet(described: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """A fleet document of `size` endpoints, spread evenly over the accounts' regions, kinds mixed in each."""
    places = [(account["alias"], region) for account in described for region in account["regions"]]
    return {
        "accounts": [{**account, "deny": []} for account in described],
        "endpoints": [_entry(number, places) for number in range(size)],
    }


def _entry(number: int, places: list[tuple[str, str]]) -> dict[str, Any]:
    # Each turn around the places begins one further, or a place would hold one kind only.
    turn = number // len(places)
    account, region = places[(number + turn) % len(places)]
    _, word, kind = _SLOTS[number * 37 % len(_SLOTS)]
    team = TEAMS[(number * 7 + turn) % len(TEAMS)]
    name = f"{team}-{word}-{number:05}"
    entry = {
        **kind,
        "name": name,
        "like": f"{word}-{number % SHAPES}",
        "account": account,
        "region": region,
        "created": f"-{40 + number % 300}d",
        "tags": {"team": team, "owner": f"{team}@example.com", "env": "prod" if number % 4 else "stage"},
    }
    if "components" in kind:
        entry["components"] = [{**c, "name": c["name"].format(name=name)} for c in kind["components"]]
    return entry


def document(endpoints: int, account_count: int, regions: int) -> dict[str, Any]:
    """A whole fleet document of so many endpoints, accounts and regions (at most twenty)."""
    if not 1 <= regions <= len(REGIONS):
        raise ValueError(f"{regions} regions: between 1 and {len(REGIONS)} are known")
    return fleet(accounts(account_count, regions), endpoints)


def write(path: Path, endpoints: int, account_count: int, regions: int) -> Path:
    """A fleet file of that size; JSON, which loads fast and is YAML too."""
    path.write_text(json.dumps(document(endpoints, account_count, regions)))
    return path
