"""The query protocol and EC2's dialect of it: form fields in, XML out. Knows shapes, not actions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from simulator.errors import ServiceError

_NESTED = ("structure", "list", "map")


def nested(fields: dict[str, str], shape: Shape, prefix: str = "", ec2: bool = False) -> Any:
    """Dotted names (`Tags.member.1.Key`, EC2: `Tag.1.Key`) as the model's structure."""
    if isinstance(shape, StructureShape):
        out = {}
        for name, member in shape.members.items():
            dotted = f"{prefix}{_field_name(name, member, ec2)}"
            if dotted in fields or any(key.startswith(dotted + ".") for key in fields):
                inner = dotted if member.type_name not in _NESTED else dotted + "."
                out[name] = nested(fields, member, inner, ec2)
        return out
    if isinstance(shape, ListShape):
        step = prefix if ec2 else f"{prefix}member."
        items: list[Any] = []
        while any(k == (p := f"{step}{len(items) + 1}") or k.startswith(p + ".") for k in fields):
            dotted = f"{step}{len(items) + 1}"
            inner = dotted + "." if shape.member.type_name in _NESTED else dotted
            items.append(nested(fields, shape.member, inner, ec2))
        return items
    return _scalar(fields[prefix], shape.type_name)


def _field_name(name: str, member: Shape, ec2: bool) -> str:
    wire = str(member.serialization.get("queryName") or member.serialization.get("name", name))
    return wire[:1].upper() + wire[1:] if ec2 else wire


def _scalar(text: str, kind: str) -> Any:
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind == "boolean":
        return text == "true"
    return _instant(text) if kind == "timestamp" else text


def _instant(text: str) -> datetime:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise ServiceError("SerializationException", f"{text} is not a timestamp") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def answer(operation: OperationModel, result: dict[str, Any], request_id: str, ec2: bool) -> str:
    """The XML of a successful answer."""
    shape = operation.output_shape
    namespace = operation.service_model.metadata.get("xmlNamespace", "")
    head, tail = f'<{operation.name}Response xmlns="{namespace}">', f"</{operation.name}Response>"
    if ec2:
        inner = _xml(result, shape, "item") if shape is not None else ""
        return f"{head}<requestId>{request_id}</requestId>{inner}{tail}"
    inner = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{operation.name}Result")
        inner = f"<{wrapper}>{_xml(result, shape, 'member')}</{wrapper}>"
    return f"{head}{inner}<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>{tail}"


def error(error: ServiceError, request_id: str, ec2: bool) -> str:
    """The XML of an error answer."""
    code, message = escape(error.code), escape(error.message)
    if ec2:
        inner = f"<Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        return f"<Response>{inner}<RequestID>{request_id}</RequestID></Response>"
    kind = "Sender" if error.status < 500 else "Receiver"
    inner = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    return f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"


def _xml(value: Any, shape: Shape, item: str) -> str:
    if isinstance(shape, StructureShape):
        parts = []
        for name, inner in value.items():
            if inner is not None:
                tag = shape.members[name].serialization.get("name", name)
                parts.append(f"<{tag}>{_xml(inner, shape.members[name], item)}</{tag}>")
        return "".join(parts)
    if isinstance(shape, ListShape):
        return "".join(f"<{item}>{_xml(one, shape.member, item)}</{item}>" for one in value)
    if isinstance(shape, MapShape):
        return "".join(
            f"<entry><key>{escape(key)}</key><value>{_xml(one, shape.value, item)}</value></entry>"
            for key, one in value.items()
        )
    if shape.type_name == "timestamp":
        instant = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
