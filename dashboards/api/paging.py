"""Cursors: where a page of a list ended, opaque to clients, and the link to the next page."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from dashboards.api.problems import Problem
from dashboards.api.schemas import as_of
from fleet.queries.keyset import Key, Slice
from fleet.queries.scope import ScopeFilter

LARGEST_ID = 2**63 - 1


def after(cursor: str, name: str, types: tuple[type, ...]) -> Key | None:
    """The key that a cursor of the list `name` holds, None for the first page ("").

    Raises Problem for a cursor this list never gave out: of another list, made up, or cut.
    """
    if not cursor:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"==="))
        listed, *parts = found
        if listed != name or len(parts) != len(types):
            raise ValueError("a cursor of another list")
        return tuple(_part(part, wanted) for part, wanted in zip(parts, types, strict=True))
    except (ValueError, TypeError, RecursionError, binascii.Error) as error:
        message = "Take the cursor from `next` of this list as it is."
        raise Problem("invalid-parameters", errors=[("cursor", message)]) from error


def listed(
    request: HttpRequest, name: str, found: Slice[Any], scope: ScopeFilter, shape: Callable[[Any], Any]
) -> dict[str, Any]:
    """A page of the list `name` as schemas.Listed has it, each row put into `shape`."""
    return {
        "items": [shape(row) for row in found.rows],
        "next": link(request, name, found),
        "as_of": as_of(scope),
    }


def link(request: HttpRequest, name: str, found: Slice[Any]) -> str | None:
    """The address of the next page with every other parameter as it was, None on the last page."""
    if found.last is None:
        return None
    query = request.GET.copy()
    query["cursor"] = _cursor(name, found.last)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _cursor(name: str, key: Key) -> str:
    parts = [part.isoformat() if isinstance(part, datetime) else part for part in key]
    packed = json.dumps([name, *parts], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _part(value: Any, wanted: type) -> str | int | datetime:
    if wanted is int and isinstance(value, int) and 0 <= value <= LARGEST_ID:
        return value
    if wanted is str and isinstance(value, str) and "\0" not in value:
        value.encode()  # PostgreSQL stores everything but NUL and lone surrogates, which this refuses
        return value
    if wanted is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at
    raise ValueError("a part of another type")
