"""Around every route of the API: only GET, problem documents instead of pages, ETag, compression, cache headers."""

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page

from dashboards.api.problems import OUTAGES, Problem, database_away, respond

View = Callable[..., HttpResponse]


def guarded(view: View) -> View:
    """The view as the API answers it. It reads no session and changes nothing, so it needs no CSRF token."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response = _only_get(request) or view(request, *args, **kwargs)
        except Problem as problem:
            response = respond(problem)
        except Http404:
            response = respond(Problem("not-found"))
        except OUTAGES:
            response = database_away()
        for name, value in getattr(request, "api_headers", {}).items():
            response[name] = value
        patch_vary_headers(response, ["Authorization"])
        return _conditional(request, response) if response.status_code == 200 else response

    return csrf_exempt(login_not_required(gzip_page(answer)))


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    """Any path of the API that does not exist."""
    raise Problem("not-found")


def _only_get(request: HttpRequest) -> HttpResponse | None:
    if request.method == "GET":
        return None
    return respond(Problem("read-only", headers={"Allow": "GET"}))


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """304 when the client holds this very answer; its digest costs far less than sending it again."""
    response["Cache-Control"] = "private, no-cache"
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    return get_conditional_response(request, etag=etag, response=response) or response
