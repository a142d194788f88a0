"""The simulator itself: takes an HTTP request, finds who asks for what, and answers as AWS would."""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from simulator import fleet, lifecycle, protocol, validation
from simulator.call import Action, Call
from simulator.clock import Clock
from simulator.control import answer_control, is_control, replay_control
from simulator.disturb import edited, with_new_members
from simulator.errors import DropConnection, ServiceError
from simulator.events import EventBus
from simulator.faults import Disturbance, Faults, Subject, access_denied
from simulator.identity import Caller, identify
from simulator.meter import CallMeter, is_write
from simulator.pricebook import PriceList
from simulator.server import HttpAnswer, HttpRequest
from simulator.services import actions_of
from simulator.state_file import Journal
from simulator.world import Durations, World, new_epoch

# The prefix IAM uses in action names, by botocore's service name.
IAM_PREFIX = {
    "cloudwatch": "cloudwatch",
    "resourcegroupstaggingapi": "tag",
    "service-quotas": "servicequotas",
}
RESOURCE_PARAMS = (
    "QueueUrl",
    "EndpointName",
    "EndpointConfigName",
    "ModelName",
    "PolicySourceArn",
    "RoleName",
    "repositoryName",
    "Bucket",
    "ResourceId",
    "ResourceArn",
    "InferenceComponentName",
    "TransformJobName",
    "RoleArn",
    "Namespace",
)
# What stands before the name in a resource's ARN; first match, as in RESOURCE_PARAMS.
ARN_KINDS = {"EndpointName": "endpoint/", "EndpointConfigName": "endpoint-config/", "ModelName": "model/"}
QUERY_STYLE = ("cloudwatch", "ec2", "iam", "sts")
# Services whose answers depend on regions beside the one addressed: queues take events from everywhere, and a
# bill is of all regions.
EVERYWHERE = ("sqs", "ce")


class Simulator:
    """One simulated AWS: a world built from a fleet file, with its faults, meter and journal."""

    def __init__(self, fleet_path: Path, durations: Durations, state_path: Path | None = None):
        self.durations = durations
        self.state_path = state_path
        self.clock = Clock()
        self.faults = Faults()
        self.meter = CallMeter()
        self.prices = PriceList()
        self.load(fleet_path)

    def load(self, fleet_path: Path) -> None:
        """Build the world of a fleet file, then replay the journal of an earlier run of the same file."""
        self.fleet_path = fleet_path
        document, digest = fleet.read(fleet_path)
        self.journal = Journal(self.state_path, digest)
        if self.journal.epoch is None:
            self.journal.begin(new_epoch())
        assert self.journal.epoch is not None
        bus = EventBus(self.faults)
        self.world: World = fleet.build(document, self.clock, self.durations, self.journal.epoch, bus)
        bus.muted = True
        for entry in list(self.journal.entries):
            self._replay(entry)
        bus.muted = False

    def restart(self, fleet_path: Path | None = None) -> None:
        """Forget every change, fault and count, and start again from the fleet file."""
        self.clock.offset *= 0
        self.faults.clear()
        self.meter.reset()
        if self.prices.is_changed:
            self.prices = PriceList()
        if self.state_path is not None and self.state_path.exists():
            self.state_path.unlink()
        self.load(fleet_path or self.fleet_path)

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer one HTTP request: a control route (underscore) or an AWS call."""
        if is_control(request.path):
            return answer_control(self, request)
        request_id = str(uuid.uuid4())
        wire = "json"
        disturbance = Disturbance()
        try:
            call = protocol.parse(request.path, request.headers, request.body)
            wire = call.wire
            caller = identify(self.world, call.access_key, call.session_token, self.clock.now())
            disturbance = self._admit(call, caller, request.headers.get("x-amz-date", ""))
            result = self.perform(call.service, call.action, caller, call.region, call.params)
            if waits(call, result):
                return self._when_received(call, caller, request_id)
            if disturbance.edits:
                result = edited(result, disturbance.edits, call.params, self.clock.now())
            body, headers = protocol.answer(call, result, request_id)
            if disturbance.edits and wire == "json":
                body = with_new_members(body, disturbance.edits)
            status = 200
        except DropConnection:
            return HttpAnswer(drop=True)
        except ServiceError as error:
            self.meter.errors[error.code] += 1
            body, headers = protocol.error_answer(wire, error, request_id)
            status = error.status
        except Exception:
            # A defect of the simulator must look like AWS's own 500, not like a dropped connection.
            logging.exception("the simulator failed on %s", request.headers.get("x-amz-target", request.path))
            failure = ServiceError("InternalFailure", "The simulator failed; its log has the reason.", 500)
            body, headers = protocol.error_answer(wire, failure, request_id)
            status = 500
        if disturbance.truncate and status == 200:
            body = body[: len(body) // 2]
        headers["x-amzn-RequestId"] = request_id
        headers["Date"] = self._date()
        return HttpAnswer(status, body, headers, disturbance.delay_s, disturbance.lose_answer)

    def _when_received(self, call: protocol.Request, caller: Caller, request_id: str) -> HttpAnswer:
        """A long poll: the server asks again until there is a message or its time is up."""
        until = time.monotonic() + call.params["WaitTimeSeconds"]

        def again() -> HttpAnswer | None:
            result = self.perform(call.service, call.action, caller, call.region, call.params)
            if not result["Messages"] and time.monotonic() < until:
                return None
            body, headers = protocol.answer(call, result, request_id)
            return HttpAnswer(200, body, headers | {"x-amzn-RequestId": request_id, "Date": self._date()})

        return HttpAnswer(again=again)

    def _date(self) -> str:
        """The Date header: the clock of this AWS, as skewed as its faults say."""
        return format_datetime(self.clock.now() + timedelta(seconds=self.faults.skew_s()), usegmt=True)

    def _admit(self, call: protocol.Request, caller: Caller, signed_at: str) -> Disturbance:
        """Count the call, then let faults, denials and the model's constraints refuse it."""
        action = f"{IAM_PREFIX.get(call.service, call.service)}:{call.action}"
        account, resource = caller.account.id, resource_name(call.params)
        self.meter.count(account, call.region, action)
        try:
            if not caller.account.has_switched_on(call.region):
                text = "The security token included in the request is invalid."
                raise ServiceError("UnrecognizedClientException", text, 403)
            role = wanted_role(call.params) or caller.role_name
            subject = Subject(account, call.region, action, resource, caller.arn, role, signed_at)
            disturbance = self.faults.apply(subject)
            if caller.refuses(action) or caller.account.denies(call.region, action, resource):
                raise access_denied(caller.arn, action, _arn(caller, call, resource))
        except ServiceError as error:
            raise _in_dialect(error, call.service) from error
        if call.action != "GetMetricData":
            validation.check(call.params, call.operation.input_shape)
        return disturbance

    def perform(
        self, service: str, action: str, caller: Caller, region: str, params: dict[str, Any]
    ) -> dict[str, Any]:
        """Carry an admitted call out on the settled world; a write that worked goes to meter and journal."""
        function: Action | None = actions_of(service).get(action)
        if function is None:
            raise ServiceError("UnknownOperationException", f"The simulator does not implement {action}", 501)
        now = self.clock.now()
        if service in EVERYWHERE:
            lifecycle.settle(self.world, now)
        else:
            lifecycle.settle_region(caller.account.region(region), now, self.durations)
        call = Call(self.world, caller, caller.account.region(region), now, self.meter, self.prices)
        result = function(call, params)
        if is_write(action) and service != "sqs":
            self.meter.effective(now, caller.account.id, region, action, params)
            detail = {
                "service": service,
                "action": action,
                "account": caller.account.id,
                "region": region,
                "params": params,
            }
            self.journal.append(now, "call", detail)
        return result

    def _replay(self, entry: dict[str, Any]) -> None:
        at = datetime.fromisoformat(entry["at"])
        with self.clock.held_at(at):
            lifecycle.settle(self.world, at)
            if entry["kind"] != "call":
                replay_control(self, entry["kind"], entry["detail"])
                return
            detail = entry["detail"]
            account = self.world.accounts[detail["account"]]
            caller = Caller(account, f"arn:{account.partition}:iam::{account.id}:root", account.id)
            region = account.region(detail["region"])
            call = Call(self.world, caller, region, at, CallMeter(), self.prices)
            model = protocol.service_model(detail["service"]).operation_model(detail["action"])
            assert model.input_shape is not None
            params = protocol.typed(detail["params"], model.input_shape)
            actions_of(detail["service"])[detail["action"]](call, params)


def waits(call: protocol.Request, result: dict[str, Any]) -> bool:
    """Whether a call is a long poll that found nothing yet."""
    empty = call.action == "ReceiveMessage" and not result["Messages"]
    return empty and bool(call.params.get("WaitTimeSeconds"))


def wanted_role(params: dict[str, Any]) -> tuple[str, str] | None:
    """The (account, name) of the role an AssumeRole call asks for; None for other calls."""
    arn = params.get("RoleArn")
    if not isinstance(arn, str) or "RoleSessionName" not in params or arn.count(":") != 5:
        return None
    return (arn.split(":")[4], arn.rsplit("/", 1)[-1])


def resource_name(params: dict[str, Any]) -> str:
    """The name a call is about, for deny rules and faults; empty when it has none."""
    for name in RESOURCE_PARAMS:
        value = params.get(name)
        if isinstance(value, str):
            return value
    return ""


def _arn(caller: Caller, call: protocol.Request, resource: str) -> str:
    if resource.startswith("arn:"):
        return resource
    kind = next((kind for name, kind in ARN_KINDS.items() if name in call.params), "")
    place = f"arn:{caller.account.partition}:{call.service}:{call.region}:{caller.account.id}"
    return f"{place}:{kind}{resource.lower() or '*'}"


def _in_dialect(error: ServiceError, service: str) -> ServiceError:
    """CloudWatch and STS keep the shorter codes of the query protocol."""
    if service not in QUERY_STYLE:
        return error
    codes = {
        "AccessDeniedException": "AccessDenied",
        "ThrottlingException": "Throttling",
        "ExpiredTokenException": "ExpiredToken",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "UnrecognizedClientException": "InvalidClientTokenId",
    }
    status = 403 if error.code == "AccessDeniedException" else error.status
    return ServiceError(codes.get(error.code, error.code), error.message, status, error.members)
