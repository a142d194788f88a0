"""The steps of policies and of the alarm that wakes. PutScalingPolicy and PutMetricAlarm replace: repeating is safe."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings

from fleet.analysis.scaling_policies import wake
from fleet.analysis.scaling_policies.facts import STEP
from fleet.aws import alarms, autoscaling
from fleet.errors import NotFound, StalePlan
from fleet.operations.runs import Done, Outcome, Run, Wait

Write = Callable[[Run, Callable[[], str]], None]


def put_policy(run: Run, write: Write) -> Outcome:
    """Write a policy, unless it is there already as wanted. policy_type: a plan of an earlier version has none."""
    wanted = run.step.parameters["configuration"]
    kind = run.step.parameters.get("policy_type", STEP)
    if _is(policy(run), kind, wanted):
        return Done("There already, every field equal")
    resource_id, dimension = run.step.parameters["resource_id"], run.step.parameters["dimension"]
    name = run.step.parameters["name"]
    write(
        run,
        lambda: autoscaling.put_scaling_policy(run.act_scope, resource_id, dimension, name, kind, wanted),
    )
    if not _is(policy(run), kind, wanted):
        return Wait(settings.OPERATION_POLL_S, f"{name} is not listed as written yet")
    return Done("Read back, every field equal")


def delete_policy(run: Run, write: Write) -> Outcome:
    """Delete a policy, unless it is gone."""
    name = run.step.parameters["name"]
    if policy(run) is None:
        return Done("It is gone already")
    resource_id, dimension = run.step.parameters["resource_id"], run.step.parameters["dimension"]
    try:
        write(run, lambda: autoscaling.delete_scaling_policy(run.act_scope, resource_id, dimension, name))
    except NotFound:
        # Another attempt of ours, or somebody else, was quicker; the read back below decides.
        run.step.request_id = ""
    if policy(run) is not None:
        return Wait(settings.OPERATION_POLL_S, f"{name} is still listed")
    return Done("Read back: no longer listed")


def unmoved(run: Run, before: Sequence[Mapping[str, Any]]) -> None:
    """Raise StalePlan unless the target's policies are those of before: (name, kind, configuration) each."""
    planned = {row["name"]: (row["kind"], row["configuration"]) for row in before}
    found = {
        row["PolicyName"]: (row["PolicyType"], _document(row, row["PolicyType"])) for row in _listed(run)
    }
    moved = sorted(name for name in {*planned, *found} if planned.get(name) != found.get(name))
    if moved:
        raise StalePlan(f"scaling policy {moved[0]} was written or deleted")


def are_as_wanted(run: Run, wanted: Mapping[str, Mapping[str, Any] | None]) -> bool:
    """Whether every policy of a plan has the fields that it asked for, or is gone where that was asked."""
    held = {row["PolicyName"]: row for row in _listed(run)} if wanted else {}
    return all(
        name not in held
        if document is None
        else _is(held.get(name), document["policy_type"], document["configuration"])
        for name, document in wanted.items()
    )


def put_alarm(run: Run, write: Write) -> Outcome:
    """Write the alarm that fires the policy, unless it does already."""
    found = policy(run, run.step.parameters["policy"])
    if found is None:
        return Wait(settings.OPERATION_POLL_S, "The policy is not listed yet")
    wanted = wake.alarm(run.step.parameters["endpoint"], found["PolicyARN"])
    if _fires(run, wanted):
        return Done("There already")
    write(run, lambda: alarms.put_metric_alarm(run.act_scope, wanted))
    if not _fires(run, wanted):
        return Wait(settings.OPERATION_POLL_S, "The alarm is not listed as written yet")
    return Done("Read back: it fires the policy")


def policy(run: Run, name: str = "") -> Mapping[str, Any] | None:
    """The policy of the step's target as AWS lists it, None without one."""
    wanted = name or run.step.parameters["name"]
    return next((row for row in _listed(run) if row["PolicyName"] == wanted), None)


def _listed(run: Run) -> Iterator[Mapping[str, Any]]:
    """All policies of the step's target."""
    target = run.step.parameters["resource_id"], run.step.parameters["dimension"]
    for row in autoscaling.scaling_policies(run.scope):
        if (row["ResourceId"], row["ScalableDimension"]) == target:
            yield row


def _document(row: Mapping[str, Any] | None, kind: str) -> Mapping[str, Any]:
    return (row or {}).get(f"{kind}PolicyConfiguration") or {}


def _is(found: Mapping[str, Any] | None, kind: str, wanted: Mapping[str, Any]) -> bool:
    held = _document(found, kind)
    return found is not None and all(held.get(key) == value for key, value in wanted.items())


def _fires(run: Run, wanted: Mapping[str, Any]) -> bool:
    held = alarms.metric_alarm(run.act_scope, wanted["AlarmName"])
    return held is not None and all(held.get(key) == value for key, value in wanted.items())
