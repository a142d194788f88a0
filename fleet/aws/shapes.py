"""JSON answers read by their botocore shapes in one pass: times made of timestamps, fields the SDK lacks noticed.

What botocore's JSON parser does, with everything that is the same for each answer worked out once.
"""

from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

Read = Callable[[Any, list[str]], Any]
"""(raw value, names of fields that the shape lacks: filled) → value. TypeError where the value is not of the shape."""


class Reader:
    """Reads values of one shape and of those inside it."""

    def __init__(self) -> None:
        self._known: dict[str, Read | None] = {}

    def of(self, shape: Shape) -> Read | None:
        """How values of the shape are read; None: they stay as JSON has them."""
        if shape.name not in self._known:
            # A shape that contains itself finds this one while it is being made.
            self._known[shape.name] = lambda raw, odd: made(raw, odd)
            made = self._make(shape)
            self._known[shape.name] = made
        return self._known[shape.name]

    def _make(self, shape: Shape) -> Any:
        if isinstance(shape, StructureShape):
            return None if shape.is_document_type else self._structure(shape)
        if isinstance(shape, ListShape):
            return _list(self.of(shape.member))
        if isinstance(shape, MapShape):
            return _map(self.of(shape.value))
        if shape.type_name == "timestamp":
            return lambda raw, odd: utc_time(raw)
        if shape.type_name == "blob":
            return lambda raw, odd: b64decode(raw)
        return None

    def _structure(self, shape: StructureShape) -> Read:
        members = {
            member.serialization.get("name", name): (name, self.of(member))
            for name, member in shape.members.items()
        }

        def read(raw: Any, odd: list[str]) -> Any:
            parsed = {}
            for key, value in _dict(raw).items():
                if value is None:
                    continue
                member = members.get(key)
                if member is None:
                    odd.append(key)
                    continue
                name, inner = member
                parsed[name] = value if inner is None else inner(value, odd)
            return parsed

        return read


def utc_time(value: Any) -> datetime:
    """A timestamp as an aware time in UTC; epoch seconds, which SageMaker sends, without botocore's detours."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return parse_timestamp(value)


def _list(inner: Read | None) -> Read:
    def read(raw: Any, odd: list[str]) -> Any:
        if type(raw) is not list:
            raise TypeError(raw)
        if inner is None:
            return raw
        return [None if item is None else inner(item, odd) for item in raw]

    return read


def _map(inner: Read | None) -> Read:
    def read(raw: Any, odd: list[str]) -> Any:
        if inner is None:
            return _dict(raw)
        return {key: inner(value, odd) for key, value in _dict(raw).items()}

    return read


def _dict(raw: Any) -> dict[str, Any]:
    if type(raw) is not dict:
        raise TypeError(raw)
    return raw
