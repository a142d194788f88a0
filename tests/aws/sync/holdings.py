"""Everything a mirror of AWS holds, on both sides in one shape: as the simulator has it, and as our tables have it."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Count

from fleet.models import (
    Endpoint,
    EndpointConfig,
    HostedModel,
    InferenceComponent,
    ScalableTarget,
    VariantStatus,
)
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync.company import KINDS

# What of (endpoints, counts, configs, …) → its key, the account and the region first → what stands there.
Holdings = dict[str, dict[tuple[Any, ...], Any]]
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
# Of scaling: what AWS adds when it is asked, and what a mirror leaves out because it changes by itself.
_BESIDE = frozenset({"ScalableTargetARN", "Alarms", "CreationTime"})


def at_aws(simulator: SimulatorProcess) -> Holdings:
    """What exists at this instant, asked by no AWS call."""
    found = simulator.holdings()
    endpoints = {
        (row["account"], row["region"], row["name"]): _plain(
            {
                **{name: row[name] for name in ("arn", "status", "config", "created", "modified", "tags")},
                "kind": KINDS.get(row["kind"], row["kind"]),
                "variants": {variant["name"]: variant for variant in row["variants"]},
            }
        )
        for row in found["endpoints"]
    }
    return {
        "endpoints": endpoints,
        "counts": Counter(
            (account, region, row["kind"], row["status"]) for (account, region, _), row in endpoints.items()
        ),
        "configs": _documents(found["configs"], "EndpointConfigName"),
        "models": _documents(found["models"], "ModelName"),
        "components": _documents(found["components"], "InferenceComponentName"),
        "scalable targets": {
            (row["account"], row["region"], row["document"]["ResourceId"], row["document"]["ScalableDimension"]): (
                _target(row["document"], row["policies"], row["actions"])
            )
            for row in found["targets"]
        },
    }  # fmt: skip


def in_mirror() -> Holdings:
    """The same from our tables: of endpoints that are open, and of what a complete listing still had."""
    rows = Endpoint.objects.filter(closed_at=None)
    counts = rows.order_by().values_list("shard__account__account_id", "shard__region", "kind", "status")
    parts = InferenceComponent.objects.filter(removed_at=None, endpoint__closed_at=None)
    targets = ScalableTarget.objects.select_related("shard__account")
    return {
        "endpoints": {
            (*_place(row), row.name): _endpoint(row)
            for row in rows.select_related("shard__account").prefetch_related("variants")
        },
        "counts": Counter({row[:4]: row[4] for row in counts.annotate(n=Count("pk"))}),
        "configs": _stored(EndpointConfig.objects.filter(gone_at=None).select_related("shard__account")),
        "models": _stored(HostedModel.objects.filter(gone_at=None).select_related("shard__account")),
        "components": {
            (*_place(row.endpoint), row.name): _plain(row.document)
            for row in parts.select_related("endpoint__shard__account")
        },
        "scalable targets": {
            (*_place(row), row.resource_id, row.dimension): _target(
                row.document,
                [policy.document for policy in row.policies.all()],
                [action.document for action in row.scheduled_actions.all()],
            )
            for row in targets.prefetch_related("policies", "scheduled_actions")
        },
    }


def share_equal(mirror: Holdings, aws: Holdings, what: str) -> float:
    """Of everything that either side has of this, the share that both have alike; 1 exactly when they are equal."""
    keys = mirror[what].keys() | aws[what].keys()
    return sum(mirror[what].get(key) == aws[what].get(key) for key in keys) / len(keys)


def differences(mirror: Holdings, aws: Holdings, most: int = 5) -> list[str]:
    """The first few differences of each sort, in words."""
    told = []
    for what, held in aws.items():
        keys = sorted(held.keys() | mirror[what].keys(), key=str)
        wrong = [key for key in keys if mirror[what].get(key) != held.get(key)]
        told += [f"{what} {key}: {mirror[what].get(key)} is {held.get(key)} at AWS" for key in wrong[:most]]
    return told


def _endpoint(row: Endpoint) -> dict[str, Any]:
    return {
        "arn": row.arn,
        "status": row.status,
        "config": row.config_name,
        "created": row.created_at,
        "modified": row.modified_at,
        "tags": row.tags,
        "kind": row.kind,
        "variants": {v.name: _variant(v) for v in row.variants.all() if v.removed_at is None},
    }


def _variant(row: VariantStatus) -> dict[str, Any]:
    return _plain(
        {
            "name": row.name,
            "shadow": row.is_shadow,
            "model": row.model_name,
            "weight": row.current_weight,
            "memory_mb": row.memory_mb,
            "max_concurrency": row.max_concurrency,
            "provisioned": row.provisioned_concurrency,
            "instance_type": row.instance_type,
            "instances": row.current_instance_count,
            "desired_instances": row.desired_instance_count,
        }
    )


def _documents(rows: Iterable[dict[str, Any]], name: str) -> dict[tuple[Any, ...], Any]:
    return {
        (row["account"], row["region"], row["document"][name]): _plain(row["document"]) for row in rows
    }  # fmt: skip


def _stored(rows: Iterable[EndpointConfig | HostedModel]) -> dict[tuple[Any, ...], Any]:
    return {(*_place(row), row.name): _plain(row.document) for row in rows}


def _target(
    document: dict[str, Any], policies: Iterable[dict[str, Any]], actions: Iterable[dict[str, Any]]
) -> dict[str, Any]:
    def kept(row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in _plain(row).items() if name not in _BESIDE}

    return {
        **kept(document),
        "policies": {row["PolicyName"]: kept(row) for row in policies},
        "actions": {row["ScheduledActionName"]: kept(row) for row in actions},
    }


def _place(row: Endpoint | EndpointConfig | HostedModel | ScalableTarget) -> tuple[str, str]:
    return row.shard.account.account_id, row.shard.region


def _plain(value: Any) -> Any:
    """Without what is null, and moments as such, however they were written."""
    if isinstance(value, dict):
        return {name: _plain(held) for name, held in value.items() if held is not None}
    if isinstance(value, list):
        return [_plain(held) for held in value]
    if isinstance(value, str) and _MOMENT.match(value):
        return datetime.fromisoformat(value)
    return value
