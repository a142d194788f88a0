"""Middleware that every page shares: outages of our own servers, htmx redirects, messages for htmx."""

import json
import sys
from collections.abc import Callable

from django.contrib.messages import get_messages
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django_htmx.http import HttpResponseClientRedirect
from psycopg_pool import PoolTimeout

from dashboards import errors

GetResponse = Callable[[HttpRequest], HttpResponse]
MAX_MESSAGES_IN_HEADER = 5
OUTAGES = (OperationalError, InterfaceError, PoolTimeout)


class DependencyOutageMiddleware:
    """Turns a lost PostgreSQL into a 503 page that says so and reloads by itself, instead of a bare error."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer an unreachable database; anything else goes its ordinary way."""
        return database_down(request) if isinstance(exception, OUTAGES) else None


def server_error(request: HttpRequest) -> HttpResponse:
    """The handler of faults. A middleware's own (the session's, above all) never reach process_exception."""
    return database_down(request) if isinstance(sys.exc_info()[1], OUTAGES) else errors.server_error(request)


def database_down(request: HttpRequest) -> HttpResponse:
    """The 503 page; it needs no database and asks the browser to try again."""
    response = HttpResponse(
        render_to_string("errors/503.html", {"what": "PostgreSQL", "retry_s": 15}), status=503
    )
    response["Retry-After"] = "15"
    response["Refresh"] = "15"
    response["Cache-Control"] = "no-store"
    return response


class HtmxRedirectMiddleware:
    """An htmx request that would be redirected (expired sign-in above all) navigates the whole page instead.

    XHR follows a 302 silently and would swap the sign-in page into a table.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "htmx", None) and response.status_code in {301, 302, 303, 307, 308}:
            return HttpResponseClientRedirect(response["Location"])
        return response


class MessagesToHeaderMiddleware:
    """Moves Django messages of an htmx answer into one HX-Trigger event that toasts.js shows as plain text."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not getattr(request, "htmx", None) or not 200 <= response.status_code < 300:
            return response
        if "HX-Redirect" in response:
            return response
        pending = [{"level": m.level_tag, "text": str(m)} for m in get_messages(request)][
            :MAX_MESSAGES_IN_HEADER
        ]
        if pending:
            existing = json.loads(response.get("HX-Trigger", "{}"))
            response["HX-Trigger"] = json.dumps({**existing, "toasts": pending})
        return response
