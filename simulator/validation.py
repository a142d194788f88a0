"""Checks a call against the constraints of botocore's model and words refusals as AWS does."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from simulator.errors import ServiceError

INTEGERS = ("integer", "long")
NUMBERS = (*INTEGERS, "float", "double")


def check(params: dict[str, Any], shape: Shape | None) -> None:
    """Raise ValidationException naming every broken constraint; nothing when the call is well formed."""
    if shape is None:
        return
    broken: list[str] = []
    _check(params, shape, "", broken)
    if broken:
        noun = "validation error" if len(broken) == 1 else "validation errors"
        raise ServiceError("ValidationException", f"{len(broken)} {noun} detected: {'; '.join(broken)}")


def _check(value: Any, shape: Shape, path: str, broken: list[str]) -> None:
    if isinstance(shape, StructureShape):
        if not isinstance(value, dict):
            raise ServiceError("SerializationException", f"Expected a structure at {path or 'the top level'}")
        for name in shape.required_members:
            if name not in value:
                broken.append(_failure(None, _step(path, name), "Member must not be null"))
        for name, item in value.items():
            _check(item, shape.members[name], _step(path, name), broken)
    elif isinstance(shape, ListShape):
        if not isinstance(value, list):
            raise ServiceError("SerializationException", f"Expected a list at {path}")
        _check_size(len(value), value, shape, path, broken)
        for position, item in enumerate(value, 1):
            _check(item, shape.member, f"{path}.{position}.member", broken)
    elif isinstance(shape, MapShape):
        _check_size(len(value), value, shape, path, broken)
    else:
        _check_scalar(value, shape, path, broken)


def _check_scalar(value: Any, shape: Shape, path: str, broken: list[str]) -> None:
    kind = shape.type_name
    if kind in NUMBERS:
        _check_number(value, shape, path, broken)
    elif kind == "boolean" and not isinstance(value, bool):
        raise ServiceError("SerializationException", f"Expected a boolean at {path}")
    elif kind == "string":
        if not isinstance(value, str):
            raise ServiceError("SerializationException", f"Expected a string at {path}")
        _check_string(value, shape, path, broken)


def _check_number(value: Any, shape: Shape, path: str, broken: list[str]) -> None:
    wanted = int if shape.type_name in INTEGERS else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        raise ServiceError("SerializationException", f"Expected a number at {path}")
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        broken.append(_failure(value, path, f"Member must have value greater than or equal to {low}"))
    if high is not None and value > high:
        broken.append(_failure(value, path, f"Member must have value less than or equal to {high}"))


def _check_string(value: str, shape: Shape, path: str, broken: list[str]) -> None:
    options = shape.metadata.get("enum")
    if options and value not in options:
        broken.append(_failure(value, path, f"Member must satisfy enum value set: [{', '.join(options)}]"))
        return
    _check_size(len(value), value, shape, path, broken)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        broken.append(_failure(value, path, f"Member must satisfy regular expression pattern: {pattern}"))


def _check_size(size: int, value: object, shape: Shape, path: str, broken: list[str]) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        broken.append(_failure(value, path, f"Member must have length greater than or equal to {low}"))
    if high is not None and size > high:
        broken.append(_failure(value, path, f"Member must have length less than or equal to {high}"))


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    # Java's property classes, which Python's re lacks: letters and numbers are \w, separators are \s.
    python = pattern.replace("\\p{L}\\p{Z}\\p{N}", "\\w\\s")
    try:
        return re.compile(python)
    except re.error:
        return re.compile(".*", re.DOTALL)


def _step(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _failure(value: object, path: str, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"
