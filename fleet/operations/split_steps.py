"""The steps that make a second endpoint and delete it again. Each reads first, so that repeating one is safe."""

from collections.abc import Callable

from django.conf import settings

from fleet.aws import sagemaker
from fleet.errors import Conflict, NotFound, StalePlan
from fleet.models import Operation
from fleet.operations.documents import own_tags
from fleet.operations.runs import Done, Ended, Outcome, Run, Wait, keep_failure_reason, noted
from fleet.operations.verdicts import config_ahead
from fleet.types import TRANSITIONAL_STATUSES, EndpointState, EndpointStatus

_STATES, _VERDICTS = Operation.State, Operation.Verdict


def create_endpoint(run: Run) -> Outcome:
    """Create the endpoint, or find the one an earlier attempt created under the same name."""
    name, config = _names(run)
    how = "Found from an earlier attempt"
    if _found(run, name) is None:
        tags = _tags_of_old(run)
        how = "Accepted"
        try:
            noted(run, lambda: sagemaker.create_endpoint(run.act_scope, name, config, tags))
        except Conflict:
            # The answer to the first try was lost, or somebody else took the name: the read back decides.
            how = "There at a try whose answer was lost"
    found = _found(run, name)
    if found is None:
        return Wait(settings.OPERATION_POLL_S, f"{name} is not listed yet")
    if config_ahead(found) != config:
        detail = f"An endpoint named {name} exists already, on {found.config_name}. It was left alone."
        return Ended(_STATES.FAILED, _VERDICTS.REFUSED, detail, f"It is on {found.config_name}")
    return Done(f"{how}: {found.status} on {config}")


def prove_created(run: Run) -> Outcome:
    """Wait for InService, then compare config and instances with what was asked."""
    wanted = run.operation.plan["wanted"]
    name = wanted["new_endpoint"]
    found = _found(run, name)
    if found is None:
        detail = f"{name} was deleted while it was made."
        return Ended(_STATES.FAILED, _VERDICTS.OVERWRITTEN, detail, "AWS knows no such endpoint")
    if found.status in TRANSITIONAL_STATUSES:
        return Wait(settings.OPERATION_POLL_S, f"AWS says {found.status}")
    if found.status != EndpointStatus.IN_SERVICE:
        return _not_made(run, found)
    counts = [variant.current_instance_count for variant in found.variants if not variant.is_shadow]
    count = counts[0] if counts else None
    text = f"InService on {found.config_name} with {count or 'no'} instance{'' if count == 1 else 's'}"
    if found.config_name != wanted["config_name"] or counts != [wanted["instance_count"]]:
        detail = f"Somebody else changed {name} meanwhile: it is {text}, which is not what was asked."
        return Ended(_STATES.FAILED, _VERDICTS.OVERWRITTEN, detail, text)
    detail = f"{name} serves: {text}. Callers have to name it."
    return Ended(_STATES.SUCCEEDED, _VERDICTS.APPLIED, detail, text)


def delete_endpoint(run: Run) -> Outcome:
    """Delete the endpoint unless it is gone or going; stop when it is not what the split made."""
    name, config = _names(run)
    found = _found(run, name)
    if found is None:
        return Done("It is gone already")
    if found.status == EndpointStatus.DELETING:
        return Done("AWS says Deleting")
    if found.config_name != config:
        raise StalePlan(f"{name} is on {found.config_name}")
    try:
        noted(run, lambda: sagemaker.delete_endpoint(run.act_scope, name))
    except NotFound:
        # Another attempt of ours, or somebody else, was quicker.
        return Done("It is gone already")
    except Conflict:
        found = _found(run, name)
        if found is not None and found.status != EndpointStatus.DELETING:
            return Wait(settings.OPERATION_POLL_S, f"AWS says {found.status}")
    return Done(f"Accepted, request id {run.step.request_id}")


def wait_gone(run: Run) -> Outcome:
    """Until AWS knows the endpoint no more: its config may not be deleted before."""
    found = _found(run, run.step.parameters["EndpointName"])
    if found is None:
        return Done("AWS knows no such endpoint")
    return Wait(settings.OPERATION_POLL_S, f"AWS says {found.status}")


def delete_config(run: Run) -> Outcome:
    """Delete the config that the split made, unless it is gone."""
    name = run.step.parameters["name"]
    if _has_config(run, name):
        try:
            noted(run, lambda: sagemaker.delete_endpoint_config(run.act_scope, name))
        except NotFound:
            # Another attempt of ours, or somebody else, was quicker.
            run.step.request_id = ""
    if _has_config(run, name):
        return Wait(settings.OPERATION_POLL_S, f"{name} is still there")
    return Done("Read back: no longer there")


def prove_gone(run: Run) -> Outcome:
    """Neither the endpoint nor its config is known to AWS."""
    name, config = run.step.parameters["EndpointName"], run.step.parameters["name"]
    if _found(run, name) is not None or _has_config(run, config):
        detail = f"Somebody else made {name} or its config again meanwhile."
        return Ended(_STATES.FAILED, _VERDICTS.OVERWRITTEN, detail, "One of both is there")
    return Ended(
        _STATES.SUCCEEDED, _VERDICTS.APPLIED, f"{name} and its config are deleted.", "Neither is known"
    )


STEPS: dict[str, Callable[[Run], Outcome]] = {
    "create-endpoint": create_endpoint,
    "prove-created": prove_created,
    "delete-endpoint": delete_endpoint,
    "wait-gone": wait_gone,
    "delete-config": delete_config,
    "prove-gone": prove_gone,
}
AFTER_SENDING = frozenset({"prove-created", "wait-gone", "prove-gone"})
"""Steps of reads alone after AWS was asked to make or to delete something."""


def _names(run: Run) -> tuple[str, str]:
    return run.step.parameters["EndpointName"], run.step.parameters["EndpointConfigName"]


def _found(run: Run, name: str) -> EndpointState | None:
    try:
        return sagemaker.describe_endpoint(run.scope, name)
    except NotFound:
        return None


def _has_config(run: Run, name: str) -> bool:
    try:
        sagemaker.describe_endpoint_config(run.scope, name)
    except NotFound:
        return False
    return True


def _tags_of_old(run: Run) -> list[dict[str, str]]:
    """Tags of the endpoint whose models are split, for the new one: owner, team, budget stay the same."""
    old = sagemaker.describe_endpoint(run.scope, run.operation.endpoint.name)
    return own_tags(sagemaker.list_tags(run.act_scope, old.arn))


def _not_made(run: Run, found: EndpointState) -> Ended:
    keep_failure_reason(run, found)
    detail = f"AWS could not make {found.name}: it is {found.status}. Delete it, then plan again."
    return Ended(_STATES.FAILED, _VERDICTS.UNKNOWN, detail, f"AWS says {found.status}")
