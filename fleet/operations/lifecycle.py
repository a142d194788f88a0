"""From a wish to a queued operation: draft, plan, confirm, cancel. Speaks to the database, never to AWS."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from fleet.access import audit
from fleet.doorbell import ring_after_commit
from fleet.errors import Refusal, Refused, StalePlan, TransitionLost
from fleet.models import Endpoint, Operation, OperationStep, Shard, User
from fleet.models.operations import new_code
from fleet.operations import confirmation, instance_changes, kept, observe, schedule_plan, splits, unsplits
from fleet.operations.drafts import Draft, draft
from fleet.operations.kinds import (
    KINDS,
    Change,
    ConcurrencyWish,
    ConversionWish,
    InstancesChange,
    InstancesWish,
    MemoryWish,
    OperationKind,
    Route,
    SplitChange,
    SplitWish,
    UnsplitChange,
    UnsplitWish,
    Wish,
)
from fleet.operations.plan import Plan, build
from fleet.operations.schedules import ScheduleChange, ScheduleWish

RUN_TASK = "fleet.run_operation"


def plan(
    endpoint: Endpoint,
    wish: Wish,
    *,
    reason: str,
    form_token: str,
    actor: User,
    now: datetime,
    address: str | None,
) -> Operation:
    """Plan a change; the same form_token always gives the same operation. Raises Refused with every reason."""
    first = Operation.objects.filter(form_token=form_token).first()
    if first is not None:
        return _repeated(first, endpoint, actor)
    found = draft(endpoint, wish, actor=actor, now=now)
    if found.change is None:
        raise Refused(found.refusals)
    code = new_code()
    planned = _planned(found, found.change, code, now)
    try:
        with transaction.atomic():
            operation = _store(endpoint, wish, planned, found, code, form_token, reason, actor, now)
            audit.record(
                actor=actor,
                action="operation.planned",
                target=operation,
                before=found.version(),
                after=operation.parameters,
                reason=reason,
                address=address,
            )
    except IntegrityError:
        # The other half of a double click stored its row between our look and our write.
        return _repeated(Operation.objects.get(form_token=form_token), endpoint, actor)
    return operation


def confirm(
    operation: Operation, *, actor: User, reason: str, typed_name: str, now: datetime, address: str | None
) -> Operation:
    """Queue a planned operation. Repeating it returns the operation as it stands.

    Raises Refused (guards, reason, typed name), StalePlan when the endpoint moved since the plan was made (the plan
    is then expired) and TransitionLost when the plan was cancelled or has expired.
    """
    with transaction.atomic():
        # One confirmation at a time per shard, so that two operators cannot both take the last free concurrency.
        Shard.objects.select_for_update().get(pk=operation.endpoint.shard_id)
        current = Operation.objects.select_for_update().get(pk=operation.pk)
        if current.confirmed_at is not None:
            return current
        if current.state != Operation.State.PLANNED:
            raise TransitionLost(f"op-{current.code} is {current.state}; plan again.")
        moved = _check(current, actor, reason, typed_name, now)
        if not moved:
            _queue(current, actor, reason, now, address)
            return current
        _expire(current, moved[0].message, actor, address)
    raise StalePlan(moved[0].message)


def cancel(operation: Operation, *, actor: User, now: datetime, address: str | None) -> Operation:
    """Cancel what has not started. Raises TransitionLost once a worker has begun or it has ended."""
    before = operation.state
    with transaction.atomic():
        moved = Operation.objects.filter(
            pk=operation.pk, state__in=[Operation.State.PLANNED, Operation.State.QUEUED]
        ).update(
            state=Operation.State.CANCELLED, finished_at=now, verdict_detail="Cancelled before it started."
        )
        if not moved:
            raise TransitionLost(
                f"op-{operation.code} has started or ended; AWS cannot stop a running update."
            )
        operation.refresh_from_db()
        audit.record(
            actor=actor,
            action="operation.cancelled",
            target=operation,
            before={"state": before},
            after={"state": operation.state},
            address=address,
        )
    return operation


def wish_of(operation: Operation) -> Wish:
    """The wish an operation was planned from, as the form had it."""
    stored = operation.parameters
    if operation.kind == OperationKind.CONVERT:
        return ConversionWish(
            stored["instance_type"], str(stored["instance_count"]), bool(stored.get("accept_unpriced"))
        )
    if operation.kind == OperationKind.CHANGE_MEMORY:
        return MemoryWish(str(stored["memory_mb"]))
    if operation.kind == OperationKind.CHANGE_SCHEDULE:
        return ScheduleWish(**stored)
    if operation.kind == OperationKind.CHANGE_INSTANCES:
        return InstancesWish(
            stored["instance_type"], str(stored["instance_count"]), bool(stored.get("accept_unpriced"))
        )
    if operation.kind == OperationKind.SPLIT_MODELS:
        return SplitWish(stored["name"], str(stored["instance_count"]), "\n".join(stored["models"]))
    if operation.kind == OperationKind.DELETE_SPLIT:
        return UnsplitWish()
    provisioned = stored["provisioned_concurrency"]
    return ConcurrencyWish(
        str(stored["max_concurrency"]),
        "" if provisioned is None else str(provisioned),
        Route(stored["route"]),
    )


def _planned(found: Draft, change: Change, code: str, now: datetime) -> Plan:
    if isinstance(change, ScheduleChange):
        return schedule_plan.build(change, found.seen, found.cost, now)
    if isinstance(change, InstancesChange):
        return instance_changes.build(change, found.seen, code, found.cost)
    if isinstance(change, SplitChange):
        return splits.build(change, found.seen, code, found.cost)
    if isinstance(change, UnsplitChange):
        return unsplits.build(change, found.seen, found.cost)
    return build(change, found.seen, code, found.cost, found.usage)


def _repeated(first: Operation, endpoint: Endpoint, actor: User) -> Operation:
    if first.endpoint_id != endpoint.pk or first.requested_by_id != actor.pk:
        text = "This form was sent before, by somebody else or for another endpoint. Open it afresh."
        raise Refused([Refusal("", "token-reused", text)])
    return first


def _store(
    endpoint: Endpoint,
    wish: Wish,
    planned: Plan,
    found: Draft,
    code: str,
    form_token: str,
    reason: str,
    actor: User,
    now: datetime,
) -> Operation:
    assert found.change is not None
    parameters = kept.changed_fields(found.change)
    if isinstance(wish, ConversionWish | InstancesWish):
        parameters["accept_unpriced"] = wish.accept_unpriced
    operation = Operation.objects.create(
        code=code,
        form_token=form_token,
        kind=planned.kind,
        endpoint=endpoint,
        variant_name=found.variant,
        parameters=parameters,
        observed=found.version(),
        plan=planned.as_json() | {"ledger": _json(found.ledger)},
        monthly_cost_change_usd=found.cost.difference if found.cost else None,
        reason=reason.strip(),
        requested_by=actor,
        planned_at=now,
    )
    _store_steps(operation, planned)
    return operation


def _store_steps(operation: Operation, planned: Plan) -> None:
    OperationStep.objects.bulk_create(
        OperationStep(
            operation=operation,
            position=position,
            action=step.action,
            title=step.title,
            parameters=dict(step.parameters),
            read_back=step.note,
        )
        for position, step in enumerate(planned.steps, 1)
    )


def _json(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(asdict(value), default=str))
    return document


def _check(operation: Operation, actor: User, reason: str, typed_name: str, now: datetime) -> list[Refusal]:
    """Staleness of the plan (empty when it still holds); raises Refused when a guard says no."""
    endpoint = Endpoint.objects.select_related("shard__account", "config").get(pk=operation.endpoint_id)
    seen = observe.observe(endpoint)
    refusals = confirmation.reason_given(reason)
    if KINDS[OperationKind(operation.kind)].is_irreversible:
        refusals += confirmation.typed_name(typed_name, seen)
    found = draft(endpoint, wish_of(operation), actor=actor, now=now, own=operation)
    moved = confirmation.stale(operation.observed, seen)
    # The role and another operation come first; a moved endpoint explains every other refusal better than they do.
    blocking = [r for r in found.refusals if r.code in {"role", "busy"}]
    if blocking or (refusals and not moved):
        raise Refused([*blocking, *refusals])
    if not moved and found.refusals:
        raise Refused(found.refusals)
    return moved


def _queue(operation: Operation, actor: User, reason: str, now: datetime, address: str | None) -> None:
    try:
        with transaction.atomic():
            Operation.objects.filter(pk=operation.pk, state=Operation.State.PLANNED).update(
                state=Operation.State.QUEUED, confirmed_at=now, requested_by=actor, reason=reason.strip()
            )
    except IntegrityError as error:
        holder = observe.active_operation(operation.endpoint, operation)
        who = f"{holder.actor} (op-{holder.code})" if holder else "Another operation"
        text = f"{who} is changing {operation.endpoint.name} already. Wait until it has ended."
        raise Refused([Refusal("", "busy", text)]) from error
    operation.refresh_from_db()
    audit.record(
        actor=actor,
        action="operation.confirmed",
        target=operation,
        before=operation.observed,
        after=operation.parameters,
        reason=reason.strip(),
        address=address,
    )
    ring_after_commit(RUN_TASK, operation.pk)


def _expire(operation: Operation, why: str, actor: User, address: str | None) -> None:
    Operation.objects.filter(pk=operation.pk, state=Operation.State.PLANNED).update(
        state=Operation.State.EXPIRED, verdict_detail=why
    )
    operation.refresh_from_db()
    audit.record(
        actor=actor,
        action="operation.expired",
        target=operation,
        before={"state": Operation.State.PLANNED},
        after={"state": operation.state, "why": why},
        address=address,
    )
