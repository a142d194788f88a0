"""The steps of a step policy and its alarm. PutScalingPolicy and PutMetricAlarm replace, so repeating one is safe."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings

from fleet.analysis.scaling_policies import wake
from fleet.aws import alarms, autoscaling
from fleet.operations.runs import Done, Outcome, Run, Wait

Write = Callable[[Run, Callable[[], str]], None]


def put_policy(run: Run, write: Write) -> Outcome:
    """Write the step policy, unless it is there already as wanted."""
    wanted = run.step.parameters["configuration"]
    if _is(policy(run), wanted):
        return Done("There already, every field equal")
    resource_id, dimension = run.step.parameters["resource_id"], run.step.parameters["dimension"]
    name = run.step.parameters["name"]
    write(
        run,
        lambda: autoscaling.put_scaling_policy(
            run.act_scope, resource_id, dimension, name, "StepScaling", wanted
        ),
    )
    if not _is(policy(run), wanted):
        return Wait(settings.OPERATION_POLL_S, f"{name} is not listed as written yet")
    return Done("Read back, every field equal")


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
    parameters = run.step.parameters
    wanted = (parameters["resource_id"], parameters["dimension"], name or parameters["name"])
    rows = autoscaling.scaling_policies(run.scope)
    return next(
        (row for row in rows if (row["ResourceId"], row["ScalableDimension"], row["PolicyName"]) == wanted),
        None,
    )


def _is(found: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    held = (found or {}).get("StepScalingPolicyConfiguration") or {}
    return all(held.get(key) == value for key, value in wanted.items())


def _fires(run: Run, wanted: Mapping[str, Any]) -> bool:
    held = alarms.metric_alarm(run.act_scope, wanted["AlarmName"])
    return held is not None and all(held.get(key) == value for key, value in wanted.items())
