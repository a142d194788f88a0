"""The steps of an operation. Each reads, writes if it must, and reads back, so that repeating one is safe."""

from collections.abc import Callable

from django.conf import settings

from fleet.aws import autoscaling, sagemaker
from fleet.errors import Conflict, NotFound, StalePlan, Throttled, Unavailable
from fleet.models import Operation
from fleet.operations import schedule_steps, split_steps
from fleet.operations.documents import differences, flattened, own_tags
from fleet.operations.runs import (
    SENT_AT,
    Done,
    Ended,
    Outcome,
    Run,
    Wait,
    keep_failure_reason,
    noted,
    take_back,
)
from fleet.operations.verdicts import Reading, Standing, moved_since, read
from fleet.types import EndpointState


def read_state(run: Run) -> Outcome:
    """Stop unless the endpoint is exactly as it was when the plan was shown."""
    live = _describe(run)
    moved = moved_since(run.operation.observed, live, run.operation.variant_name)
    if moved:
        raise StalePlan(moved)
    return Done(f"Version as previewed: LastModified {live.modified_at:%H:%M:%S}, {live.config_name}")


def deregister_scaling(run: Run) -> Outcome:
    """Remove the scalable target of provisioned concurrency; AWS refuses to convert a variant that has one."""
    resource_id, dimension = run.step.parameters["resource_id"], run.step.parameters["dimension"]
    if not _is_registered(run, resource_id, dimension):
        return Done("No target is registered")
    run.hold()
    try:
        run.step.request_id = autoscaling.deregister_scalable_target(run.act_scope, resource_id, dimension)
    except NotFound:
        # Another attempt of ours, or somebody else, was quicker; the read back below decides.
        run.step.request_id = ""
    if _is_registered(run, resource_id, dimension):
        return Wait(settings.OPERATION_POLL_S, "The target is still listed")
    return Done("Read back: no target left")


def create_config(run: Run) -> Outcome:
    """Create the endpoint config, or find the one an earlier attempt created under the same name."""
    name, wanted = run.step.parameters["name"], run.operation.plan["config"]
    try:
        found = sagemaker.describe_endpoint_config(run.scope, name)
        how = "Found from an earlier attempt"
    except NotFound:
        tags = _tags_of_today(run)
        run.hold()
        how = "Read back"
        try:
            run.step.request_id = sagemaker.create_endpoint_config(run.act_scope, {**wanted, **tags})
        except Conflict:
            # The answer to the first try was lost and botocore's own repeat met the config it had created.
            how = "Created by a try whose answer was lost"
        found = sagemaker.describe_endpoint_config(run.scope, name)
    wrong, total = differences(wanted, found), len(flattened(wanted))
    if wrong:
        detail = (
            f"A config named {name} exists already and differs in {', '.join(wrong[:3])}. It was left alone."
        )
        return Ended(Operation.State.FAILED, Operation.Verdict.REFUSED, detail, f"{len(wrong)} fields differ")
    return Done(f"{how}, {total} of {total} fields equal")


def update_endpoint(run: Run) -> Outcome:
    """Send UpdateEndpoint unless AWS has it already."""
    wanted = run.step.parameters
    return _send(
        run,
        lambda: sagemaker.update_endpoint(
            run.act_scope, wanted["EndpointName"], wanted["EndpointConfigName"]
        ),
    )


def update_capacity(run: Run) -> Outcome:
    """Send UpdateEndpointWeightsAndCapacities unless AWS has it already."""
    wanted = run.step.parameters
    return _send(
        run,
        lambda: sagemaker.update_weights_and_capacities(
            run.act_scope, wanted["EndpointName"], wanted["DesiredWeightsAndCapacities"]
        ),
    )


def wait(run: Run) -> Outcome:
    """Look whether AWS has finished; which way it ended is the next step's question."""
    try:
        live = _describe(run)
    except NotFound:
        return _vanished(run)
    keep_failure_reason(run, live)
    reading = _read(run, live)
    if reading.standing is Standing.BROKEN:
        detail = f"{reading.text}. The endpoint needs a look in the AWS console."
        return Ended(Operation.State.FAILED, Operation.Verdict.UNKNOWN, detail, reading.text)
    if reading.standing in {Standing.IN_FLIGHT, Standing.BUSY, Standing.UNTOUCHED}:
        return Wait(settings.OPERATION_POLL_S, reading.text)
    return Done(f"InService, LastModified {live.modified_at:%H:%M:%S}")


def prove(run: Run) -> Outcome:
    """InService alone proves nothing: compare config and capacity with what was asked."""
    try:
        live = _describe(run)
    except NotFound:
        return _vanished(run)
    keep_failure_reason(run, live)
    reading = _read(run, live)
    name, states, verdicts = run.operation.endpoint.name, Operation.State, Operation.Verdict
    if reading.standing is Standing.APPLIED:
        return Ended(
            states.SUCCEEDED, verdicts.APPLIED, f"AWS applied the change: {reading.text}.", reading.text
        )
    if reading.standing is Standing.ROLLED_BACK:
        detail = f"AWS undid the change: {name} is {reading.text}, as before."
        return Ended(states.ROLLED_BACK, verdicts.ROLLED_BACK, detail, reading.text)
    if reading.standing is Standing.OVERWRITTEN:
        detail = f"Somebody else changed {name} meanwhile: it is {reading.text}, which is not what was asked."
        return Ended(states.FAILED, verdicts.OVERWRITTEN, detail, reading.text)
    return Wait(settings.OPERATION_POLL_S, reading.text)


STEPS: dict[str, Callable[[Run], Outcome]] = {
    "read-state": read_state,
    "deregister-scaling": deregister_scaling,
    "create-config": create_config,
    "update-endpoint": update_endpoint,
    "update-capacity": update_capacity,
    "wait": wait,
    "prove": prove,
    **schedule_steps.STEPS,
    **split_steps.STEPS,
}
AFTER_SENDING = frozenset({"wait", "prove", "prove-schedule"}) | split_steps.AFTER_SENDING
"""Steps after the update was sent: no failure of a read can end the operation there, for AWS goes on regardless."""


def _send(run: Run, send: Callable[[], str]) -> Outcome:
    was_sent_before = SENT_AT in run.step.parameters
    reading = _read(run, _describe(run))
    if reading.standing is not Standing.UNTOUCHED:
        if was_sent_before:
            return Done(f"An earlier attempt reached AWS: {reading.text}")
        # Without a note of our own the change is somebody else's, even where it is the one that is wanted.
        raise StalePlan(reading.text)
    try:
        noted(run, send, undecided=(Throttled, Unavailable, Conflict))
    except Conflict:
        # Either botocore repeated a call whose answer was lost, or somebody else was a moment quicker.
        reading = _read(run, _describe(run))
        if reading.standing not in {Standing.APPLIED, Standing.IN_FLIGHT} and not was_sent_before:
            take_back(run)
            raise
        return Done(f"Accepted at a try whose answer was lost: {reading.text}")
    return Done(f"Accepted, request id {run.step.request_id}")


def _describe(run: Run) -> EndpointState:
    return sagemaker.describe_endpoint(run.scope, run.operation.endpoint.name)


def _read(run: Run, live: EndpointState) -> Reading:
    operation = run.operation
    return read(
        live,
        wanted=operation.plan["wanted"],
        observed=operation.observed,
        variant=operation.variant_name,
    )


def _is_registered(run: Run, resource_id: str, dimension: str) -> bool:
    return any(
        target["ResourceId"] == resource_id and target["ScalableDimension"] == dimension
        for target in autoscaling.scalable_targets(run.scope)
    )


def _tags_of_today(run: Run) -> dict[str, list[dict[str, str]]]:
    """Tags of the config in use, for the new one."""
    today = sagemaker.describe_endpoint_config(run.scope, run.operation.observed["config_name"])
    tags = sagemaker.list_tags(run.act_scope, today["EndpointConfigArn"])
    kept = own_tags(tags)
    return {"Tags": kept} if kept else {}


def _vanished(run: Run) -> Ended:
    detail = f"{run.operation.endpoint.name} was deleted while the change was under way."
    return Ended(Operation.State.FAILED, Operation.Verdict.OVERWRITTEN, detail, "AWS knows no such endpoint")
