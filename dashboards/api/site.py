"""The API as one object: its routers, how it refuses, and its OpenAPI document."""

import re
from collections.abc import Callable, Sequence
from functools import cache, wraps
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.operation import Operation

from dashboards.api import problems
from dashboards.api.auth import BearerToken
from dashboards.api.problems import Problem, ProblemDocument
from dashboards.api.resources import (
    advice,
    batch,
    costs,
    endpoints,
    incidents,
    insight,
    metrics,
    operations,
    watch,
)

View = Callable[..., Any]
log = structlog.get_logger(__name__)
ROUTERS = (
    endpoints.router,
    metrics.router,
    costs.router,
    batch.router,
    insight.router,
    advice.router,
    operations.router,
    incidents.router,
    watch.router,
)
_REFUSALS = (401, 403, 404, 405, 422, 429, 500, 503)


class ReadApi(NinjaAPI):
    """Names each operation after its function alone: generated clients call it so."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """ "endpoint-metric" """
        return str(operation.view_func.__name__).replace("_", "-")


api = ReadApi(
    title="Flotilla",
    version="1",
    description="Reads what the pages show. Times are UTC, money is a decimal string, unknown is null.",
    urls_namespace="api",
    openapi_url=None,
    docs_url=None,
    auth=BearerToken(),
)


@api.exception_handler(Problem)
def problem(request: HttpRequest, error: Problem) -> HttpResponse:
    """A refusal of our own."""
    return problems.respond(error)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    """Nothing there, or nothing this token may see: the two look alike."""
    return problems.respond(Problem("not-found"))


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Parameters that do not stand, each with its reason; what was sent is not repeated."""
    errors = [(_field(each["loc"]), str(each["msg"]).removeprefix("Value error, ")) for each in error.errors]
    return problems.respond(Problem("invalid-parameters", errors=errors))


@api.exception_handler(Exception)
def fault(request: HttpRequest, error: Exception) -> HttpResponse:
    """Anything else is Flotilla's own fault: logged with its traceback, told without it."""
    if isinstance(error, problems.OUTAGES):
        return problems.database_away()
    log.error("api.failed", path=request.path, exc_info=error)
    return problems.respond(Problem("fault"))


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document; every operation also names its refusals, its 304 and the headers of its answers."""
    found: dict[str, Any] = api.get_openapi_schema()
    schemas = found["components"]["schemas"]
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    schemas["FieldError"] = schemas["ProblemDocument"].pop("$defs")["FieldError"]
    refusal = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    for path in found["paths"].values():
        for operation in path.values():
            answers = operation["responses"]
            answers[304] = {"description": "The answer is the one that If-None-Match names"}
            for status in _REFUSALS:
                answers[status] = {"description": problems.phrase(status), "content": refusal}
    return found


@cache
def parameters() -> dict[str, frozenset[str]]:
    """The query parameters of every path of the document."""
    return {
        path: frozenset(
            each["name"] for each in methods["get"].get("parameters", ()) if each["in"] == "query"
        )
        for path, methods in document()["paths"].items()
    }


def known_only(view: View) -> View:
    """Refuses parameters a resource does not have: a misspelt filter must not silently mean everything.

    The token and the parameters that exist have been judged by then, nothing has been read yet.
    """

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        match = request.resolver_match
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", f"/{match.route}" if match else "")
        surplus = sorted(set(request.GET) - parameters()[path])
        if surplus:
            raise Problem(
                "invalid-parameters", errors=[(name, "is no parameter of this resource") for name in surplus]
            )
        return view(request, *args, **kwargs)

    return answer


for router in ROUTERS:
    router.add_decorator(known_only)
    api.add_router("", router)


def _field(location: Sequence[str | int]) -> str:
    """The parameter's name; behind it may stand the place in a list."""
    return next((each for each in reversed(location) if isinstance(each, str)), "")
