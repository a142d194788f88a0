"""What the Operations pages say: sentences, live effects, step lines. Plain text; templates escape it."""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from dashboards import wording
from fleet.costs.periods import HOURS_PER_MONTH
from fleet.models import Operation, OperationStep
from fleet.operations import schedule_plan
from fleet.operations.drafts import Draft
from fleet.operations.kinds import (
    ConcurrencyChange,
    Conversion,
    MemoryChange,
    Observed,
    OperationKind,
    Route,
)
from fleet.operations.plan import choose_route
from fleet.operations.preview import memory_warnings
from fleet.operations.schedules import ScheduleChange, Way
from fleet.queries.operations import Detail, money

State, Verdict = Operation.State, Operation.Verdict
FORMS = {
    OperationKind.CHANGE_CONCURRENCY: "operations:change-concurrency",
    OperationKind.CHANGE_MEMORY: "operations:change-memory",
    OperationKind.CONVERT: "operations:convert",
    OperationKind.CHANGE_SCHEDULE: "operations:change-schedule",
    OperationKind.CHANGE_INSTANCES: "operations:change-instances",
    OperationKind.SPLIT_MODELS: "operations:split-models",
    OperationKind.DELETE_SPLIT: "operations:delete-split",
}
"""The form that plans each kind."""
_SAME_CONCURRENCY = (
    OperationKind.CHANGE_MEMORY,
    OperationKind.CHANGE_SCHEDULE,
    OperationKind.CHANGE_INSTANCES,
    OperationKind.SPLIT_MODELS,
    OperationKind.DELETE_SPLIT,
)
NOT_TOLD = "The level over a week cannot be told from these actions, so the month is not priced."
NOT_TOLD_OF_POLICIES = (
    "The policy decides on the level, so the month is not priced here; the planner forecasts it."
)
NOT_TOLD_OF_BOUNDS = "What scales between the bounds decides on the level, so the month is not priced."


@dataclass(frozen=True)
class Effect:
    """The panel beside a form: what the change would do, as far as it is known while one types.

    cost: the headline ("+$41.20"), "" before there is a change. is_less: it saves.
    """

    cost: str
    cost_note: str
    is_less: bool
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    quota_used: int | None
    quota: int | None


@dataclass(frozen=True)
class Sentence:
    """The words under a title: the answer first, then the rest."""

    strong: str
    rest: str = ""


def effect(found: Draft, seen: Observed) -> Effect:
    """Words for a draft; without a change only what holds today."""
    ledger, change = found.ledger, found.change
    live = seen.serverless.max_concurrency if seen.serverless else 0
    wanted = change.max_concurrency if isinstance(change, ConcurrencyChange) else live
    if isinstance(change, Conversion):
        wanted = 0
    held = ledger.others + wanted
    facts = [("Region quota", _of(held, ledger.quota))]
    notes = []
    if isinstance(change, ConcurrencyChange):
        route, reason = choose_route(change, seen)
        in_place = route is Route.IN_PLACE
        facts.append(("Way", "in place" if in_place else "new endpoint config"))
        facts.append(("Cold starts", "none from the change" if in_place else "likely after it"))
        notes.append(reason)
    if isinstance(change, MemoryChange):
        facts += [("Way", "new endpoint config"), ("Cold starts", "likely after it")]
        notes += [warning.text for warning in memory_warnings(change, seen, found.usage)[1:]]
    cost = found.cost
    warm = _kept_warm(cost.warm_hour_before, cost.warm_hour_after) if cost else ""
    if warm:
        facts.append(("Kept warm", warm))
    if cost is None:
        return Effect("", "", False, tuple(facts), tuple(notes), held, ledger.quota)
    return Effect(
        cost=wording.usd_change(cost.difference),
        cost_note=before_after(cost.before, cost.after, cost.difference),
        is_less=cost.difference is not None and cost.difference < 0,
        facts=tuple(facts),
        notes=tuple(notes),
        quota_used=held,
        quota=ledger.quota,
    )


def schedule_effect(found: Draft, now: datetime) -> Effect:
    """Words for a draft of a schedule: each action as AWS will have it, and what to know."""
    change, cost = found.change, found.cost
    if not isinstance(change, ScheduleChange):
        return Effect("", "", False, (), (), None, None)
    rows = [(row.field, row.after) for row in schedule_plan.differences(change)]
    notes = tuple(warning.text for warning in schedule_plan.warnings(change, now))
    if cost is None:
        ways: dict[str, str] = {Way.BOUNDS: NOT_TOLD_OF_BOUNDS, Way.TRACK: NOT_TOLD_OF_POLICIES}
        why = ways.get(change.wish.way, NOT_TOLD)
        return Effect("—", why, False, tuple(rows), notes, None, None)
    return Effect(
        cost=wording.usd_change(cost.difference),
        cost_note=before_after(cost.before, cost.after, cost.difference),
        is_less=cost.difference is not None and cost.difference < 0,
        facts=tuple(rows),
        notes=notes,
        quota_used=None,
        quota=None,
    )


def sentence(detail: Detail, now: datetime) -> Sentence:
    """The page of one operation in a sentence."""
    operation = detail.operation
    if operation.state == State.PLANNED:
        return _planned(operation)
    if operation.state == State.QUEUED:
        return Sentence("Confirmed, waiting for a worker.", "It starts by itself; you can leave this page.")
    if operation.state in Operation.ACTIVE:
        return _running(detail, now)
    if operation.verdict == Verdict.ROLLED_BACK:
        return Sentence(
            operation.verdict_detail,
            "InService proves nothing by itself; Flotilla compared what is live with what was asked.",
        )
    if operation.verdict == Verdict.APPLIED:
        is_config = operation.kind not in (OperationKind.CHANGE_SCHEDULE, OperationKind.DELETE_SPLIT)
        how = " after it reported InService." if is_config else "."
        return Sentence(operation.verdict_detail, f"Read back from AWS{how}")
    first, _, rest = operation.verdict_detail.partition(". ")
    return Sentence(f"{first.rstrip('.')}.", rest)


def state_word(operation: Operation) -> str:
    """The key of dashboards.status for the pill: the verdict says more than the state once there is one."""
    if operation.state == State.FAILED and operation.verdict:
        return operation.verdict
    return operation.state


def steps(detail: Detail, now: datetime) -> list[dict[str, str]]:
    """Lines for components/steps.html."""
    return [
        {"state": step.state, "title": step.title, "text": _step_text(step), "time": _step_time(step, now)}
        for step in detail.steps
    ]


def plan_again(operation: Operation, *, back: bool = False) -> dict[str, Any]:
    """Query string of a form that starts from this operation's wish, or from what was there before it."""
    if operation.kind == OperationKind.CHANGE_SCHEDULE:
        return _schedule_again(operation, back=back)
    if operation.kind == OperationKind.SPLIT_MODELS:
        return operation.parameters | {"models": "\n".join(operation.parameters["models"])}
    if operation.kind == OperationKind.DELETE_SPLIT:
        return {}
    source = operation.observed if back else operation.parameters
    names: tuple[str, ...] = ("max_concurrency", "provisioned_concurrency")
    if not back:
        names += ("route",)
    if operation.kind == OperationKind.CHANGE_MEMORY:
        names = ("memory_mb",)
    if operation.kind in (OperationKind.CONVERT, OperationKind.CHANGE_INSTANCES):
        names = ("instance_type", "instance_count")
    return {name: "" if source.get(name) is None else source[name] for name in names}


def _schedule_again(operation: Operation, *, back: bool) -> dict[str, Any]:
    before = operation.observed["schedule"]
    if not back:
        return dict(operation.parameters)
    return {"way": Way.RESTORE.value, "target": before["key"], "before": json.dumps(before)}


def quota_after(operation: Operation) -> str:
    """ "500 of 1,000": the region's concurrency once the plan is applied, as it was known when the plan was made."""
    ledger = operation.plan.get("ledger") or {}
    if "others" not in ledger or operation.kind in _SAME_CONCURRENCY:
        return ""
    return _of(ledger["others"] + int(operation.parameters.get("max_concurrency") or 0), ledger["quota"])


def _planned(operation: Operation) -> Sentence:
    change = operation.monthly_cost_change_usd
    if change is None:
        strong = "Its cost a month cannot be told"
    elif change == 0:
        strong = "Costs the same as today"
    elif change < 0:
        strong = f"Saves about {wording.usd(-change)} a month"
    else:
        strong = f"Costs about {wording.usd(change)} a month more"
    irreversible = any(warning["is_irreversible"] for warning in operation.plan["warnings"])
    strong += ", and it cannot be undone." if irreversible else "."
    return Sentence(strong, "Nothing is sent to AWS before you confirm.")


def _running(detail: Detail, now: datetime) -> Sentence:
    step = detail.current
    if step is None:
        return Sentence("Finishing.", "")
    strong = f"Step {step.position} of {len(detail.steps)}: {step.title}."
    waits = detail.operation.next_poll_at
    rest = "You can leave this page; the result is kept here."
    if waits and waits > now:
        rest = f"Next look in {wording.span(waits - now)}. {rest}"
    return Sentence(strong, rest)


def _step_text(step: OperationStep) -> str:
    if step.state == OperationStep.State.RUNNING and step.action == "wait":
        return f"Looked {wording.plural(step.attempts, 'time')}. {step.read_back}"
    return step.read_back


def _step_time(step: OperationStep, now: datetime) -> str:
    if step.finished_at:
        return f"{step.finished_at:%H:%M:%S}"
    return wording.span(now - step.started_at) if step.started_at else ""


def _of(held: int, quota: int | None) -> str:
    return f"{held:,} of {quota:,}" if quota is not None else f"{held:,}, quota not known"


def before_after(before: Decimal | None, after: Decimal | None, difference: Decimal | None) -> str:
    """ "$1.00 → $2.00 a month", or why not."""
    if difference is None:
        return "A price or the traffic is missing, so the change cannot be told."
    return f"{wording.usd(before)} → {wording.usd(after)} a month"


def _kept_warm(before: Decimal | None, after: Decimal | None) -> str:
    """ "$0.00 → $0.36 an hour, +$262.80 a month"; "" where nothing is kept warm on either side."""
    if before is None or after is None:
        return "no price is known"
    if not before and not after:
        return ""
    month = wording.usd_change((after - before) * HOURS_PER_MONTH)
    return f"{wording.usd(before)} → {wording.usd(after)} an hour, {month} a month"


def cost_panel(operation: Operation) -> dict[str, Any]:
    """Figures of the plan's cost as numbers again."""
    stored = operation.plan.get("cost") or {}
    rows = [
        row | {"before": money(row["before"]), "after": money(row["after"])} for row in stored.get("rows", [])
    ]
    return {
        "rows": rows,
        "before": money(stored.get("before")),
        "after": money(stored.get("after")),
        "difference": money(stored.get("difference")),
        "inputs": stored.get("inputs", []),
        "kept_warm": _kept_warm(money(stored["warm_hour_before"]), money(stored["warm_hour_after"]))
        if "warm_hour_before" in stored
        else "",
        "is_less": (money(stored.get("difference")) or 0) < 0,
        "note": NOT_TOLD_OF_POLICIES
        if operation.parameters.get("way") == Way.TRACK
        else before_after(
            money(stored.get("before")), money(stored.get("after")), money(stored.get("difference"))
        ),
    }
