"""Reads requests and writes answers in the protocols boto3 speaks, driven by botocore's service models.

JSON 1.0/1.1, query with XML answers, and RPC v2 CBOR. Nothing here knows what an action means.
"""

from __future__ import annotations

import io
import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import RpcV2CBORParser

from simulator import cbor
from simulator.errors import ServiceError

# Signing name (credential scope) -> folder of botocore's data.
SERVICES = {
    "sagemaker": "sagemaker",
    "application-autoscaling": "application-autoscaling",
    "monitoring": "cloudwatch",
    "sqs": "sqs",
    "sts": "sts",
    "tagging": "resourcegroupstaggingapi",
    "pricing": "pricing",
    "servicequotas": "service-quotas",
}
SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([^/]+)/([^/]+)/aws4_request")


@dataclass(frozen=True)
class Request:
    """One signed call, parsed. `wire` is json, query or cbor; `params` uses the model's member names."""

    access_key: str
    session_token: str
    region: str
    service: str
    action: str
    wire: str
    params: dict[str, Any]
    operation: OperationModel


@lru_cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of one service, by its data folder name."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def parse(path: str, headers: dict[str, str], body: bytes) -> Request:
    """Read one call. Header names are lower-case. Raises ServiceError as AWS does for malformed calls."""
    scope = SCOPE.search(headers.get("authorization", ""))
    if scope is None:
        raise ServiceError("MissingAuthenticationToken", "Missing Authentication Token", 403)
    access_key, region, signing_name = scope.groups()
    service = SERVICES.get(signing_name)
    if service is None:
        raise ServiceError("UnknownServiceException", f"The simulator has no service {signing_name}", 404)
    model = service_model(service)
    action, wire = _action_and_wire(path, headers, body)
    if action not in model.operation_names:
        raise ServiceError("UnknownOperationException", f"The requested operation {action} is not known", 404)
    operation = model.operation_model(action)
    return Request(
        access_key=access_key,
        session_token=headers.get("x-amz-security-token", ""),
        region=region,
        service=service,
        action=action,
        wire=wire,
        params=_params(wire, body, operation.input_shape),
        operation=operation,
    )


def _action_and_wire(path: str, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return path.rstrip("/").rsplit("/", 1)[-1], "cbor"
    target = headers.get("x-amz-target")
    if target:
        return target.rsplit(".", 1)[-1], "json"
    fields = dict(parse_qsl(body.decode("utf-8", "replace")))
    return fields.get("Action", ""), "query"


def _params(wire: str, body: bytes, shape: Shape | None) -> dict[str, Any]:
    if shape is None:
        return {}
    try:
        if wire == "cbor":
            raw = _cbor_reader().parse_data_item(io.BufferedReader(io.BytesIO(body))) if body else {}
        elif wire == "query":
            raw = _nest(dict(parse_qsl(body.decode(), keep_blank_values=True)), shape)
        else:
            raw = json.loads(body or b"{}")
    except (ValueError, KeyError) as error:
        raise ServiceError("SerializationException", f"The request could not be read: {error}") from error
    if not isinstance(raw, dict):
        raise ServiceError("SerializationException", "Start of structure or map found where not expected.")
    return raw if wire == "query" else typed(raw, shape)


@lru_cache
def _cbor_reader() -> RpcV2CBORParser:
    return RpcV2CBORParser()


def typed(value: Any, shape: Shape) -> Any:
    """Turn wire values into Python ones: timestamps become aware datetimes; unknown members are dropped."""
    if value is None:
        return None
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return {
            key: typed(item, shape.members[key])
            for key, item in value.items()
            if key in shape.members and item is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [typed(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: typed(item, shape.value) for key, item in value.items()}
    if shape.type_name == "timestamp" and not isinstance(value, datetime):
        return _instant(value)
    return value


def _instant(value: object) -> datetime:
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        parsed = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError) as error:
        raise ServiceError("SerializationException", f"{value} is not a timestamp") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def _nest(fields: dict[str, str], shape: Shape, prefix: str = "") -> Any:
    """Read the query protocol's dotted names (`Tags.member.1.Key`) into the model's structure."""
    if isinstance(shape, StructureShape):
        out = {}
        for name, member in shape.members.items():
            dotted = f"{prefix}{member.serialization.get('name', name)}"
            if dotted in fields or any(key.startswith(dotted + ".") for key in fields):
                out[name] = _nest(fields, member, dotted if member.type_name not in _NESTED else dotted + ".")
        return out
    if isinstance(shape, ListShape):
        items: list[Any] = []
        while any(k == (p := f"{prefix}member.{len(items) + 1}") or k.startswith(p + ".") for k in fields):
            dotted = f"{prefix}member.{len(items) + 1}"
            nested = shape.member.type_name in _NESTED
            items.append(_nest(fields, shape.member, dotted + "." if nested else dotted))
        return items
    text = fields[prefix]
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name in ("float", "double"):
        return float(text)
    if shape.type_name == "boolean":
        return text == "true"
    return _instant(text) if shape.type_name == "timestamp" else text


# Timestamps of long series travel as plain epoch seconds.
NUMERIC = ("double", "timestamp")
_NESTED = ("structure", "list", "map")


def answer(request: Request, result: dict[str, Any], request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a successful answer."""
    shape = request.operation.output_shape
    if request.wire == "cbor":
        return cbor.write(result, shape), {
            "Content-Type": "application/cbor",
            "smithy-protocol": "rpc-v2-cbor",
        }
    if request.wire == "query":
        return _xml_answer(request, result, shape, request_id), {"Content-Type": "text/xml"}
    text = json.dumps(plain(result, shape))
    version = request.operation.service_model.metadata.get("jsonVersion", "1.1")
    return text.encode(), {"Content-Type": f"application/x-amz-json-{version}"}


def error_answer(wire: str, error: ServiceError, request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an error answer; the code also travels in the query-compatible header."""
    if wire == "query":
        kind = "Sender" if error.status < 500 else "Receiver"
        text = (
            f"<ErrorResponse><Error><Type>{kind}</Type><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return text.encode(), {"Content-Type": "text/xml"}
    members: dict[str, object] = {"__type": error.code, "message": error.message, **error.members}
    kind = "Sender" if error.status < 500 else "Receiver"
    headers = {"x-amzn-query-error": f"{error.code};{kind}", "x-amzn-ErrorType": error.code}
    if wire == "cbor":
        return cbor.write(members, None), {
            **headers,
            "Content-Type": "application/cbor",
            "smithy-protocol": "rpc-v2-cbor",
        }
    return json.dumps(members).encode(), {**headers, "Content-Type": "application/x-amz-json-1.1"}


def plain(value: Any, shape: Shape | None) -> Any:
    """Reduce an answer to JSON types by its shape. A member the model lacks is a bug here: KeyError."""
    if shape is None:
        return {}
    if isinstance(shape, StructureShape):
        members = shape.members
        return {k: plain(v, members[k]) for k, v in value.items() if v is not None}
    if isinstance(shape, ListShape):
        if value and shape.member.type_name in NUMERIC and isinstance(value[0], (int, float)):
            return value
        return [plain(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {k: plain(v, shape.value) for k, v in value.items()}
    if isinstance(value, datetime):
        # AWS sends milliseconds; more digits would not survive a round trip through a client.
        return round(value.timestamp(), 3)
    if isinstance(value, Decimal):
        return float(value)
    return b64encode(value).decode() if isinstance(value, bytes) else value


def _xml_answer(request: Request, result: dict[str, Any], shape: Shape | None, request_id: str) -> bytes:
    inner = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{request.action}Result")
        inner = f"<{wrapper}>{_xml(result, shape)}</{wrapper}>"
    namespace = request.operation.service_model.metadata.get("xmlNamespace", "")
    text = (
        f'<{request.action}Response xmlns="{namespace}">{inner}'
        f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{request.action}Response>"
    )
    return text.encode()


def _xml(value: Any, shape: Shape) -> str:
    if isinstance(shape, StructureShape):
        parts = []
        for name, item in value.items():
            if item is not None:
                tag = shape.members[name].serialization.get("name", name)
                parts.append(f"<{tag}>{_xml(item, shape.members[name])}</{tag}>")
        return "".join(parts)
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_xml(item, shape.member)}</member>" for item in value)
    if shape.type_name == "timestamp":
        value = _instant(value) if not isinstance(value, datetime) else value
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))
