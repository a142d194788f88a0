"""Faults on demand: which calls to disturb, how, and how often."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from simulator.errors import DropConnection, ServiceError

# Kinds that carry the call out and then change its answer; `disturb` says how.
ANSWER_KINDS = (
    "repeat-token",
    "empty-page",
    "empty-list",
    "without-list",
    "unknown-enum",
    "unknown-field",
    "late-points",
    "revised-points",
    "shuffled-points",
)
# Kinds that concern the event bus instead of a call.
EVENT_KINDS = ("event-lost", "event-duplicate", "event-late")
# How far the clocks of client and AWS may differ before a signature is refused, seconds.
SIGNATURE_S = 300
KINDS = (
    "throttle",
    "500",
    "503",
    "deny",
    "expired-token",
    "latency",
    "truncate",
    "error",
    "lost-answer",
    "reset",
    "vanish",
    "clock-skew",
    "revoked-role",
    *ANSWER_KINDS,
    *EVENT_KINDS,
)


@dataclass
class Fault:
    """One rule. Patterns are shell-style; `count` None means until removed; `skip` lets the first calls pass.

    `share` (0 to 1) strikes that part of the matching calls, drawn from `seed`: the same calls in the same order
    fare the same way. latency: `seconds`. error: `code`, `status`, `message`. lost-answer carries the call out,
    then closes the connection. truncate sends the first half of a 200 body with a matching length.
    clock-skew: AWS's clock runs `seconds` ahead of the machine's. revoked-role: `resource` is the role's name.
    """

    kind: str
    account: str = "*"
    region: str = "*"
    action: str = "*"
    resource: str = "*"
    count: int | None = None
    skip: int = 0
    message: str = ""
    seconds: float = 0.0
    code: str = "InternalFailure"
    status: int = 400
    share: float = 1.0
    seed: int = 0
    field: str = "EndpointStatus"
    value: str = "Hibernating"
    factor: float = 0.5
    hits: int = 0
    draws: random.Random = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share} is not between 0 and 1")
        self.draws = random.Random(self.seed)

    def strikes(self) -> bool:
        """Whether the rule strikes a call it matches: lets `skip` calls pass, then a `share` of the rest."""
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.share < 1 and self.draws.random() >= self.share:
            return False
        self.hits += 1
        return True

    def document(self) -> dict[str, Any]:
        """The rule as the control route shows it."""
        return {name: value for name, value in vars(self).items() if name != "draws"}

    def matches(self, account: str, region: str, action: str, resource: str) -> bool:
        """Whether the rule concerns a call; counts nothing."""
        spent = self.count is not None and self.hits >= self.count
        return not spent and all(
            pattern == "*" or fnmatchcase(value, pattern)
            for value, pattern in (
                (account, self.account),
                (region, self.region),
                (action, self.action),
                (resource, self.resource),
            )
        )


@dataclass
class Disturbance:
    """What is left to do to a call that is carried out."""

    delay_s: float = 0.0
    truncate: bool = False
    lose_answer: bool = False
    edits: list[Fault] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class Subject:
    """A call as faults see it. `role` is the (account, name) it assumed or wants to assume, if any."""

    account: str
    region: str
    action: str
    resource: str
    caller: str
    role: tuple[str, str] | None = None
    signed_at: str = ""


UNDISTURBED = Disturbance()


class Faults:
    """The rules in force, in the order they were added."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []

    def add(self, documents: list[dict[str, Any]]) -> None:
        """Add rules from control documents. Raises ValueError naming an unknown kind or field."""
        rules = []
        for document in documents:
            if document.get("kind") not in KINDS:
                raise ValueError(f"unknown fault kind {document.get('kind')!r}; known: {', '.join(KINDS)}")
            try:
                rules.append(Fault(**document))
            except TypeError as error:
                raise ValueError(str(error)) from error
        self.rules += rules

    def clear(self) -> None:
        """Remove every rule."""
        self.rules.clear()

    def skew_s(self) -> float:
        """How far AWS's clock runs ahead of the machine's by the rules in force, seconds."""
        return sum(rule.seconds for rule in self.rules if rule.kind == "clock-skew")

    def apply(self, call: Subject) -> Disturbance:
        """Raise the error of the first refusing rule that matches, else say how to disturb the answer."""
        if not self.rules:
            return UNDISTURBED
        disturbance = Disturbance()
        for rule in self.rules:
            if rule.kind in EVENT_KINDS or not _concerns(rule, call) or not rule.strikes():
                continue
            if rule.kind == "latency":
                disturbance.delay_s += rule.seconds
            elif rule.kind == "truncate":
                disturbance.truncate = True
            elif rule.kind == "lost-answer":
                disturbance.lose_answer = True
            elif rule.kind in ANSWER_KINDS:
                disturbance.edits.append(rule)
            else:
                _refuse(rule, call)
        return disturbance

    def on_event(self, account: str, region: str, name: str) -> list[Fault]:
        """The event rules that strike an event about a resource's name."""
        rules = [rule for rule in self.rules if rule.kind in EVENT_KINDS]
        return [rule for rule in rules if rule.matches(account, region, "", name) and rule.strikes()]


def _concerns(rule: Fault, call: Subject) -> bool:
    if rule.kind == "clock-skew":
        return _skewed(rule, call) != ""
    if rule.kind == "revoked-role":
        return call.role is not None and rule.matches(call.role[0], call.region, call.action, call.role[1])
    return rule.matches(call.account, call.region, call.action, call.resource)


def _skewed(rule: Fault, call: Subject) -> str:
    """AWS's words for a signature time too far from its clock; empty when it is near enough."""
    signed = datetime.strptime(call.signed_at, STAMP).replace(tzinfo=UTC)
    here = datetime.now(UTC) + timedelta(seconds=rule.seconds)
    early, late = here - timedelta(seconds=SIGNATURE_S), here + timedelta(seconds=SIGNATURE_S)
    span = f"{SIGNATURE_S // 60} min.)"
    if signed < early:
        bound = f"{early.strftime(STAMP)} ({here.strftime(STAMP)} - {span}"
        return f"Signature expired: {call.signed_at} is now earlier than {bound}"
    if signed > late:
        bound = f"{late.strftime(STAMP)} ({here.strftime(STAMP)} + {span}"
        return f"Signature not yet current: {call.signed_at} is still later than {bound}"
    return ""


STAMP = "%Y%m%dT%H%M%SZ"


def _refuse(rule: Fault, call: Subject) -> None:
    region, account, action, resource = call.region, call.account, call.action, call.resource
    if rule.kind == "throttle":
        raise ServiceError("ThrottlingException", rule.message or "Rate exceeded")
    if rule.kind == "500":
        raise ServiceError("InternalFailure", rule.message or "We encountered an internal error.", 500)
    if rule.kind == "503":
        raise ServiceError("ServiceUnavailable", rule.message or "Service is unavailable.", 503)
    if rule.kind == "deny":
        raise access_denied(call.caller, action, f"arn:aws:*:{region}:{account}:{resource}", rule.message)
    if rule.kind == "expired-token":
        text = rule.message or "The security token included in the request is expired"
        raise ServiceError("ExpiredTokenException", text, 403)
    if rule.kind == "vanish":
        arn = f"arn:aws:sagemaker:{region}:{account}:endpoint/{resource.lower()}"
        raise ServiceError("ValidationException", rule.message or f'Could not find endpoint "{arn}".')
    if rule.kind == "clock-skew":
        raise ServiceError("InvalidSignatureException", _skewed(rule, call), 403)
    if rule.kind == "revoked-role":
        _refuse_revoked(call)
    if rule.kind == "error":
        raise ServiceError(rule.code, rule.message, rule.status)
    raise DropConnection


def _refuse_revoked(call: Subject) -> None:
    """A role that is gone cannot be assumed, and its temporary keys are no longer known."""
    if call.action == "sts:AssumeRole" and call.resource.startswith("arn:"):
        raise role_refused(call.caller, call.resource)
    text = "The security token included in the request is invalid."
    raise ServiceError("UnrecognizedClientException", text, 403)


def role_refused(caller: str, role_arn: str) -> ServiceError:
    """STS's one wording for a role that does not exist, does not trust the caller or wants another external id."""
    text = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
    return ServiceError("AccessDenied", text, 403)


def access_denied(caller: str, action: str, resource: str, message: str = "") -> ServiceError:
    """IAM's AccessDeniedException for an action (`sagemaker:DescribeEndpoint`) on a resource ARN."""
    text = (
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return ServiceError("AccessDeniedException", message or text)
