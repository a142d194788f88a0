"""AWS answers as plain JSON documents, without the values that may be secret."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

HIDDEN = "(not stored)"
# Environment variables of containers hold tokens often enough; their names are kept, their values never stored.
_SECRET_MAPS = frozenset({"Environment"})
_DROPPED = frozenset({"ResponseMetadata"})


def plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with ISO times, environment values replaced by HIDDEN and query strings cut off web addresses."""
    return {key: _value(key, value) for key, value in document.items() if key not in _DROPPED}


def _value(key: str, value: Any) -> Any:
    # The commonest first: a fleet's documents hold a hundred thousand values.
    if isinstance(value, str):
        # PostgreSQL stores no NUL; presigned addresses carry credentials in their query.
        if "\x00" in value:
            value = value.replace("\x00", "�")
        if value.startswith(("https://", "http://")) and "?" in value:
            return urlunsplit(urlsplit(value)._replace(query="", fragment=""))
        return value
    if isinstance(value, dict):
        if key in _SECRET_MAPS:
            return dict.fromkeys(value, HIDDEN)
        return plain(value)
    if isinstance(value, list | tuple):
        return [_value(key, item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value
