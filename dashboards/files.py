"""Files that a page's buttons download: the API's records, streamed."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from django.urls import reverse

from fleet.queries.export import csv_lines, json_lines
from fleet.queries.resources import RESOURCES

Records = Iterable[Mapping[str, Any]]


def as_csv(resource: str, records: Records) -> StreamingHttpResponse:
    """Records of one of RESOURCES as <resource>.csv."""
    lines = csv_lines(RESOURCES[resource].columns, records)
    return _download(f"{resource}.csv", StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8"))


def as_json(resource: str, records: Records) -> StreamingHttpResponse:
    """Records of one of RESOURCES as <resource>.json."""
    lines = json_lines(RESOURCES[resource].columns, records)
    return _download(f"{resource}.json", StreamingHttpResponse(lines, content_type="application/json"))


def url(request: HttpRequest, name: str) -> str:
    """The file of what is shown, all pages of it."""
    query = request.GET.copy()
    query.pop("page", None)
    return f"{reverse(name)}?{query.urlencode()}" if query else reverse(name)


def _download(name: str, response: StreamingHttpResponse) -> StreamingHttpResponse:
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response
