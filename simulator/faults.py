"""Faults on demand: which calls to disturb, how, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from simulator.errors import DropConnection, ServiceError

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
)


@dataclass
class Fault:
    """One rule. Patterns are shell-style; `count` None means until removed; `skip` lets the first calls pass.

    latency: `seconds`. error: `code`, `status`, `message`. lost-answer carries the call out, then closes the
    connection. truncate sends the first half of a 200 body with a matching length.
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
    hits: int = 0

    def matches(self, account: str, region: str, action: str, resource: str) -> bool:
        """Whether the rule concerns a call; counts nothing."""
        spent = self.count is not None and self.hits >= self.count
        return not spent and all(
            fnmatchcase(value, pattern)
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

    def apply(self, account: str, region: str, action: str, resource: str, caller: str) -> Disturbance:
        """Raise the error of the first refusing rule that matches, else say how to disturb the answer."""
        disturbance = Disturbance()
        for rule in self.rules:
            if not rule.matches(account, region, action, resource):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            rule.hits += 1
            if rule.kind == "latency":
                disturbance.delay_s += rule.seconds
            elif rule.kind == "truncate":
                disturbance.truncate = True
            elif rule.kind == "lost-answer":
                disturbance.lose_answer = True
            else:
                _refuse(rule, region, account, action, resource, caller)
        return disturbance


def _refuse(rule: Fault, region: str, account: str, action: str, resource: str, caller: str) -> None:
    if rule.kind == "throttle":
        raise ServiceError("ThrottlingException", rule.message or "Rate exceeded")
    if rule.kind == "500":
        raise ServiceError("InternalFailure", rule.message or "We encountered an internal error.", 500)
    if rule.kind == "503":
        raise ServiceError("ServiceUnavailable", rule.message or "Service is unavailable.", 503)
    if rule.kind == "deny":
        raise access_denied(caller, action, f"arn:aws:*:{region}:{account}:{resource}", rule.message)
    if rule.kind == "expired-token":
        text = rule.message or "The security token included in the request is expired"
        raise ServiceError("ExpiredTokenException", text, 403)
    if rule.kind == "vanish":
        arn = f"arn:aws:sagemaker:{region}:{account}:endpoint/{resource.lower()}"
        raise ServiceError("ValidationException", rule.message or f'Could not find endpoint "{arn}".')
    if rule.kind == "error":
        raise ServiceError(rule.code, rule.message, rule.status)
    raise DropConnection


def access_denied(caller: str, action: str, resource: str, message: str = "") -> ServiceError:
    """IAM's AccessDeniedException for an action (`sagemaker:DescribeEndpoint`) on a resource ARN."""
    text = (
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
        f"because no identity-based policy allows the {action} action"
    )
    return ServiceError("AccessDeniedException", message or text)
