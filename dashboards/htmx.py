"""Page or part: decided here and nowhere else, with the headers that keep caches and Back honest."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HTMX_STOP_POLLING, HttpResponseClientRedirect, HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from dashboards import charts
from fleet.models import User

log = logging.getLogger(__name__)


class HtmxHttpRequest(HttpRequest):
    """A signed-in request behind django-htmx's middleware; for annotations only."""

    htmx: HtmxDetails
    user: User


def wants_part(request: HtmxHttpRequest) -> bool:
    """True for an htmx request that swaps a region; boosted and history-restoring requests need the page."""
    return bool(request.htmx) and not request.htmx.boosted and not request.htmx.history_restore_request


def page(
    request: HtmxHttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    part: str | tuple[str, ...] = (),
    status: int = 200,
    settled: bool = False,
) -> HttpResponse:
    """Render `template`, or only the part of it whose id htmx targets.

    part: name(s) of `{% partialdef %}` regions, equal to the ids of their elements. status: 422 for a form with
    errors. settled: nothing will change any more, so a polling region gets status 286 and stops. A target that is
    not among the parts is a fault of the template: an error while debugging, a full reload for people.
    """
    parts = (part,) if isinstance(part, str) else part
    if not wants_part(request):
        response = render(request, template, dict(context), status=status)
        return _headers(response, "private, no-cache")
    target = request.htmx.target
    if target not in parts:
        if settings.DEBUG:
            raise ValueError(f"{template} has no part {target!r}; it has {parts!r}")
        log.error("htmx.unknown_target", extra={"template": template, "target": target})
        return _headers(HttpResponseClientRefresh(), "no-store")
    code = HTMX_STOP_POLLING if settled and status == 200 else status
    response = render(request, f"{template}#{target}", dict(context), status=code)
    return _headers(response, "no-store")


def redirect(request: HtmxHttpRequest, to: Any, *args: Any, **kwargs: Any) -> HttpResponse:
    """Go to another page after a POST: 303 for a browser, HX-Redirect for htmx (which would swallow a 3xx)."""
    url = resolve_url(to, *args, **kwargs)
    if request.htmx:
        return HttpResponseClientRedirect(url)
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def figure(payload: Mapping[str, Any]) -> HttpResponse:
    """The JSON of one chart, as dashboards.charts builds it and charts.js draws it."""
    response = HttpResponse(charts.as_json(payload), content_type="application/json")
    response["Cache-Control"] = "private, no-cache"
    return response


def _headers(response: HttpResponse, cache_control: str) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    response.setdefault("Cache-Control", cache_control)
    return response
