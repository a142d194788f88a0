"""The OpenAPI document as a page shows it: resources by group, each with its parameters and fields of its answer."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MOST_FIELDS_DEEP = 3


@dataclass(frozen=True)
class Field:
    """A parameter, or a field of an answer with dots between levels and [] for "each of them"."""

    name: str
    takes: str
    means: str
    required: bool = False


@dataclass(frozen=True)
class Resource:
    """One path."""

    id: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    fields: list[Field]


@dataclass(frozen=True)
class Group:
    """The resources under one heading."""

    name: str
    resources: list[Resource]


def groups(document: dict[str, Any]) -> list[Group]:
    """Every resource, in the order of the document."""
    found: dict[str, list[Resource]] = {}
    for path, methods in document["paths"].items():
        operation = methods["get"]
        found.setdefault(operation["tags"][0], []).append(_resource(document, path, operation))
    return [Group(name, resources) for name, resources in found.items()]


def _resource(document: dict[str, Any], path: str, operation: dict[str, Any]) -> Resource:
    answer = operation["responses"][200]["content"]["application/json"]["schema"]
    return Resource(
        id=operation["operationId"],
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[
            Field(
                each["name"],
                _type(document, each["schema"]),
                _plain(each.get("description", "")),
                each.get("required", False),
            )
            for each in operation.get("parameters", ())
        ],
        fields=list(_fields(document, answer, "", 0)),
    )


def _plain(text: str) -> str:
    """Without the backticks that readers of the document draw as code."""
    return text.replace("`", "")


def _fields(document: dict[str, Any], schema: dict[str, Any], prefix: str, depth: int) -> Iterator[Field]:
    for name, field in _whole(document, schema).get("properties", {}).items():
        yield Field(prefix + name, _type(document, field), _plain(field.get("description", "")))
        if depth >= MOST_FIELDS_DEEP:
            continue
        for inner, mark in ((field, "."), (field.get("items", {}), "[].")):
            yield from _fields(document, inner, f"{prefix}{name}{mark}", depth + 1)


def _whole(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference, or the one that is not null."""
    for option in (schema, *schema.get("anyOf", ()), *schema.get("allOf", ())):
        if "$ref" in option:
            named: dict[str, Any] = document["components"]["schemas"][option["$ref"].rpartition("/")[2]]
            return named
    return schema


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    """ "integer, 1 to 200", "date-time or null", "one of open, resolved, all" """
    if "anyOf" in schema:
        return " or ".join(_type(document, option) for option in schema["anyOf"])
    whole = _whole(document, schema)
    if "enum" in whole:
        return "one of " + ", ".join(str(value) for value in whole["enum"])
    if whole.get("type") == "array":
        return f"list of {_type(document, whole.get('items', {}))}"
    words = str(whole.get("format") or whole.get("type") or "any value")
    if "minimum" in whole and whole.get("maximum", 2**63) < 2**31:
        words += f", {whole['minimum']} to {whole['maximum']}"
    if "default" in whole and whole["default"] not in ("", [], None):
        words += f" (default {whole['default']})"
    return words
