"""What stands beside levels and schedules: target-tracking policies with the calls that make them, and memory sizes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards import wording
from dashboards.planner import words
from dashboards.tables import Column, PlainTable
from fleet.analysis.planner import options
from fleet.analysis.planner.tracking import ASSUMED
from fleet.models import VariantStatus
from fleet.operations.schedule_track import POLICY
from fleet.operations.schedules import PROVISIONED
from fleet.planning.plans import Plan
from fleet.types import ServerlessCapacity

SHOWN = 3


@dataclass(frozen=True)
class TrackingRow:
    """One policy in words; calls: what its operation sends Application Auto Scaling, as (action, JSON).

    form_url: the form that makes it; is_first_of_two: that one only provisions what the policy will move.
    """

    name: str
    cold: tuple[str, str]
    spilled: tuple[str, str]
    usd: Any
    kept: str
    calls: Sequence[tuple[str, str]]
    form_url: str
    is_first_of_two: bool


def trackings(held: Plan, variant: VariantStatus, live: ServerlessCapacity) -> list[TrackingRow]:
    """The cheapest SHOWN of the policies that no other one beats, and those that are on the curve of all ways."""
    found = []
    best = options.frontier(held.options)
    for n, one in enumerate(held.trackings):
        if n >= SHOWN and held.option_of(one.option) not in best:
            continue
        option = held.option_of(one.option)
        assert option is not None
        low, high = sorted(one.mean_level)
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{variant.endpoint.name}/variant/{variant.name}",
            "ScalableDimension": PROVISIONED,
        }
        policy = {
            **target,
            "PolicyName": POLICY,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": one.policy.configuration(),
        }
        bounds = {**target, "MinCapacity": one.policy.minimum, "MaxCapacity": one.policy.maximum}
        calls = [("RegisterScalableTarget", bounds), ("PutScalingPolicy", policy)]
        found.append(
            TrackingRow(
                name=words.name(option),
                cold=words.parts(option.cold),
                spilled=words.spilled(option),
                usd=option.usd,
                kept=f"{low:.1f} – {high:.1f}",
                form_url=words.form_url(option, held, variant.endpoint_id, live),
                is_first_of_two=words.is_first_of_two(option, held, live),
                calls=[(action, json.dumps(sent, indent=2)) for action, sent in calls],
            )
        )
    return found


def assumed() -> Sequence[str]:
    """What is taken for granted of policies."""
    return ASSUMED


def sizes(held: Plan) -> PlainTable | None:
    """Memory sizes that ever ran, side by side; None where there was only one."""
    if len(held.sizes) < 2:
        return None
    columns = [
        Column("Memory"),
        *(
            Column(label, is_number=True)
            for label in (
                "Was live, days",
                "Timed calls",
                "A call takes",
                "Set-up",
                "Cold, of calls",
                "A million calls, $",
                "Today's traffic, $ a month",
                "One kept warm, $ a month",
            )
        ),
    ]
    rows = [
        (
            f"{one.memory_mb:,} MB" + (", today" if one.is_today else ""),
            wording.amount(one.hours / 24, 1),
            wording.count(one.calls),
            words.latency(one.service_ms),
            wording.millis(one.setup_ms),
            wording.percent(one.cold_share),
            wording.amount(one.usd_per_million),
            wording.amount(one.usd_a_month),
            wording.amount(one.warm_unit_usd),
        )
        for one in held.sizes
    ]
    return PlainTable("Memory sizes that ran", columns, rows, "Too few calls, not reported, or no price")
