"""Every refusal of the API has one shape: a problem document (RFC 9457, application/problem+json)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from ninja import Schema
from psycopg_pool import PoolTimeout

CONTENT_TYPE = "application/problem+json"
OUTAGES = (OperationalError, InterfaceError, PoolTimeout)
"""What a database that is away raises."""
KINDS: dict[str, tuple[int, str, str]] = {
    "no-token": (401, "A token is needed", "Send the header Authorization: Bearer flo_…"),
    "invalid-token": (401, "This token does not work", "It is unknown, expired, revoked or its owner was disabled."),
    "outside-token": (403, "Outside what the token reads", "The token is bound to other AWS accounts."),
    "not-found": (404, "There is no such thing", "The path or the id names nothing that the token can see."),
    "read-only": (405, "This API only reads", "Only GET is answered."),
    "invalid-parameters": (422, "The parameters cannot be understood", "errors names each of them."),
    "too-many-requests": (429, "Too many requests", "Wait for the seconds in Retry-After."),
    "fault": (500, "Flotilla failed", "The fault is in Flotilla's log under the time of this answer."),
    "database-away": (503, "The database does not answer", "Try again after the seconds in Retry-After."),
}  # fmt: skip
"""Name of a kind → status, title, what it means; the last part of `type`, and an anchor of the docs page."""


class FieldError(Schema):
    """One parameter that cannot stand."""

    field: str
    message: str


class ProblemDocument(Schema):
    """Why there is no answer."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldError] = []


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(
        self,
        kind: str,
        detail: str = "",
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind)
        self.status, self.title, meaning = KINDS[kind]
        self.kind = kind
        self.detail = detail or meaning
        self.errors = errors
        self.headers = headers or {}


def respond(problem: Problem) -> HttpResponse:
    """The answer that says it; never stored by a cache."""
    document = {
        "type": f"/api/v1/docs#{problem.kind}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "errors": [{"field": field, "message": message} for field, message in problem.errors],
    }
    response = HttpResponse(
        json.dumps(document, ensure_ascii=False), status=problem.status, content_type=CONTENT_TYPE
    )
    for name, value in {"Cache-Control": "no-store", **problem.headers}.items():
        response[name] = value
    return response


def database_away() -> HttpResponse:
    """The answer while the database is away."""
    return respond(Problem("database-away", headers={"Retry-After": "15"}))


def phrase(status: int) -> str:
    """ "Not Found" """
    return HTTPStatus(status).phrase
