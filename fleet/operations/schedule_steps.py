"""The steps of a schedule. PutScheduledAction and RegisterScalableTarget replace, so repeating one is safe."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings

from fleet.aws import autoscaling
from fleet.errors import NotFound, StalePlan
from fleet.models import Operation
from fleet.operations import wake_steps
from fleet.operations.runs import Done, Ended, Outcome, Run, Wait, noted
from fleet.operations.schedules import TimedAction, from_document

Bounds = tuple[int, int]


def read_schedule(run: Run) -> Outcome:
    """Stop unless target and scheduled actions are exactly as they were when the plan was shown."""
    before = run.operation.observed["schedule"]
    bounds, actions = _bounds(run), _actions(run)
    if bounds != (None if before["minimum"] is None else (before["minimum"], before["maximum"])):
        raise StalePlan(f"the scalable target is {_shown(bounds)}")
    planned = {row["name"]: TimedAction(**row) for row in before["actions"]}
    moved = sorted(name for name in {*planned, *actions} if planned.get(name) != actions.get(name))
    if moved:
        raise StalePlan(f"scheduled action {moved[0]} was written or deleted")
    if "policies" in before:
        wake_steps.unmoved(run, before["policies"])
    return Done(f"As previewed: target {_shown(bounds)}, {len(actions)} scheduled actions")


def register_scaling(run: Run) -> Outcome:
    """Create the scalable target, or change its bounds."""
    wanted = (run.step.parameters["minimum"], run.step.parameters["maximum"])
    if _bounds(run) == wanted:
        return Done(f"Registered already: {_shown(wanted)}")
    resource_id, dimension = _target(run)
    noted(
        run,
        lambda: autoscaling.register_scalable_target(
            run.act_scope, resource_id, dimension, minimum=wanted[0], maximum=wanted[1]
        ),
    )
    found = _bounds(run)
    if found != wanted:
        return Wait(settings.OPERATION_POLL_S, f"The target is {_shown(found)} still")
    return Done(f"Read back: {_shown(wanted)}")


def put_scheduled_action(run: Run) -> Outcome:
    """Write one scheduled action, unless it is there already as wanted."""
    name, request = run.step.parameters["name"], run.step.parameters["request"]
    if _is_there(run, name, request):
        return Done("There already, every field equal")
    resource_id, dimension = _target(run)
    document = {key: _sent(key, value) for key, value in request.items()}
    noted(
        run, lambda: autoscaling.put_scheduled_action(run.act_scope, resource_id, dimension, name, document)
    )
    if not _is_there(run, name, request):
        return Wait(settings.OPERATION_POLL_S, f"{name} is not listed as written yet")
    return Done("Read back, every field equal")


def delete_scheduled_action(run: Run) -> Outcome:
    """Delete one scheduled action, unless it is gone."""
    name = run.step.parameters["name"]
    if name not in _actions(run):
        return Done("It is gone already")
    resource_id, dimension = _target(run)
    try:
        noted(run, lambda: autoscaling.delete_scheduled_action(run.act_scope, resource_id, dimension, name))
    except NotFound:
        # Another attempt of ours, or somebody else, was quicker; the read back below decides.
        run.step.request_id = ""
    if name in _actions(run):
        return Wait(settings.OPERATION_POLL_S, f"{name} is still listed")
    return Done("Read back: no longer listed")


def prove_schedule(run: Run) -> Outcome:
    """Compare target and actions with what was asked."""
    wanted, bounds = run.operation.plan["wanted"], _bounds(run)
    wrong = [name for name, request in wanted["schedule"].items() if not _is_there(run, name, request)]
    states, verdicts = Operation.State, Operation.Verdict
    if (bounds is not None) == wanted["is_registered"] and not wrong and _has_the_rest(run, wanted, bounds):
        count = len(_actions(run)) if bounds else 0
        text = f"target {_shown(bounds)} with {count} scheduled action{'' if count == 1 else 's'}"
        return Ended(states.SUCCEEDED, verdicts.APPLIED, f"The schedule is as asked: {text}.", text)
    text = f"scheduled action {wrong[0]} is not as asked" if wrong else f"the target is {_shown(bounds)}"
    detail = f"Somebody else changed the schedule meanwhile: {text}."
    return Ended(states.FAILED, verdicts.OVERWRITTEN, detail, text)


STEPS: dict[str, Callable[[Run], Outcome]] = {
    "read-schedule": read_schedule,
    "register-scaling": register_scaling,
    "put-scheduled-action": put_scheduled_action,
    "delete-scheduled-action": delete_scheduled_action,
    "put-scaling-policy": lambda run: wake_steps.put_policy(run, noted),
    "delete-scaling-policy": lambda run: wake_steps.delete_policy(run, noted),
    "put-wake-alarm": lambda run: wake_steps.put_alarm(run, noted),
    "prove-schedule": prove_schedule,
}


def _has_the_rest(run: Run, wanted: dict[str, Any], bounds: Bounds | None) -> bool:
    """Bounds and policies, where the plan asked for them; a plan of an earlier version has neither."""
    if wanted.get("bounds") and bounds != tuple(wanted["bounds"]):
        return False
    if not wake_steps.are_as_wanted(run, wanted.get("policies") or {}):
        return False
    name = wanted.get("policy")
    return not name or wake_steps.policy(run, name) is not None


def _target(run: Run) -> tuple[str, str]:
    return run.step.parameters["resource_id"], run.step.parameters["dimension"]


def _is_ours(run: Run, document: dict[str, Any]) -> bool:
    return (document["ResourceId"], document["ScalableDimension"]) == _target(run)


def _bounds(run: Run) -> Bounds | None:
    """Bounds of the registered target, None without one."""
    found = (row for row in autoscaling.scalable_targets(run.scope) if _is_ours(run, row))
    return next(((row["MinCapacity"], row["MaxCapacity"]) for row in found), None)


def _actions(run: Run) -> dict[str, TimedAction]:
    rows = (from_document(row) for row in autoscaling.scheduled_actions(run.scope) if _is_ours(run, row))
    return {action.name: action for action in rows}


def _is_there(run: Run, name: str, request: dict[str, Any] | None) -> bool:
    """Whether the action is as wanted; request None: whether it is gone."""
    found = _actions(run).get(name)
    return (found.request() if found else None) == request


def _sent(key: str, value: Any) -> Any:
    return datetime.fromisoformat(value) if key in {"StartTime", "EndTime"} else value


def _shown(bounds: Bounds | None) -> str:
    return "not registered" if bounds is None else f"{bounds[0]} – {bounds[1]}"
