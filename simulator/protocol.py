"""Reads requests and writes answers in the protocols boto3 speaks, driven by botocore's service models.

JSON 1.0/1.1, query and EC2 forms with XML answers, RPC v2 CBOR, and two REST services. Nothing here knows what an
action means.
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
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape
from botocore.parsers import RpcV2CBORParser

from simulator import cbor, forms
from simulator.errors import ServiceError

# Signing name (credential scope) -> folder of botocore's data.
SERVICES = {
    "sagemaker": "sagemaker",
    "application-autoscaling": "application-autoscaling",
    "monitoring": "cloudwatch",
    "sqs": "sqs",
    "sts": "sts",
    "account": "account",
    "ec2": "ec2",
    "ecr": "ecr",
    "iam": "iam",
    "s3": "s3",
    "tagging": "resourcegroupstaggingapi",
    "pricing": "pricing",
    "servicequotas": "service-quotas",
    "ce": "ce",
}
# Services whose calls are told apart by path, and wires that are forms answered in XML.
REST = ("account", "s3")
FORMS = ("query", "ec2")
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


@lru_cache
def _operation_names(service: str) -> frozenset[str]:
    """The same names as the model lists, hundreds of them, to be asked at each call."""
    return frozenset(service_model(service).operation_names)


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
    if service in REST:
        return _rest(path, headers, body, model, (access_key, region))
    action, wire = _action_and_wire(path, headers, body)
    if service == "ec2":
        wire = "ec2"
    if action not in _operation_names(service):
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


def _rest(
    path: str, headers: dict[str, str], body: bytes, model: ServiceModel, who: tuple[str, str]
) -> Request:
    """A call whose action is in its path: account's /listRegions, an S3 object's HEAD, a bucket's list of keys."""
    token, (access_key, region) = headers.get("x-amz-security-token", ""), who
    if model.service_name == "s3":
        place, _, query = path.partition("?")
        bucket, _, key = unquote(place).lstrip("/").partition("/")
        asked = dict(parse_qsl(query, keep_blank_values=True))
        params: dict[str, Any] = {"Bucket": bucket, "Key": key}
        if asked.get("list-type") == "2":
            params = {"Bucket": bucket, "Prefix": asked.get("prefix", "")}
        operation = model.operation_model("ListObjectsV2" if "Prefix" in params else "HeadObject")
        return Request(access_key, token, region, "s3", operation.name, "rest-xml", params, operation)
    for name in model.operation_names:
        operation = model.operation_model(name)
        if operation.http["requestUri"] == path.partition("?")[0]:
            params = _params("json", body, operation.input_shape)
            return Request(access_key, token, region, model.service_name, name, "json", params, operation)
    raise ServiceError("UnknownOperationException", f"The simulator has no route {path}", 404)


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
            raw = forms.nested(dict(parse_qsl(body.decode(), keep_blank_values=True)), shape)
        elif wire == "ec2":
            raw = forms.nested(dict(parse_qsl(body.decode(), keep_blank_values=True)), shape, ec2=True)
        else:
            raw = json.loads(body or b"{}")
    except (ValueError, KeyError) as error:
        raise ServiceError("SerializationException", f"The request could not be read: {error}") from error
    if not isinstance(raw, dict):
        raise ServiceError("SerializationException", "Start of structure or map found where not expected.")
    return raw if wire in FORMS else typed(raw, shape)


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
        return instant(value)
    return value


def instant(value: object) -> datetime:
    try:
        if isinstance(value, (int, float)):
            return datetime.fromtimestamp(value, UTC)
        parsed = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError) as error:
        raise ServiceError("SerializationException", f"{value} is not a timestamp") from error
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


# Timestamps of long series travel as plain epoch seconds.
NUMERIC = ("double", "timestamp")


def answer(request: Request, result: dict[str, Any], request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a successful answer."""
    shape = request.operation.output_shape
    if request.wire == "cbor":
        return cbor.write(result, shape), {
            "Content-Type": "application/cbor",
            "smithy-protocol": "rpc-v2-cbor",
        }
    if request.wire in FORMS:
        text = forms.answer(request.operation, result, request_id, ec2=request.wire == "ec2")
        return text.encode(), {"Content-Type": "text/xml"}
    if request.wire == "rest-xml" and request.operation.name == "HeadObject":
        return b"", {name: str(value) for name, value in result.items()}
    if request.wire == "rest-xml":
        return f"<ListBucketResult>{_xml(result)}</ListBucketResult>".encode(), {
            "Content-Type": "application/xml"
        }
    text = json.dumps(plain(result, shape))
    version = request.operation.service_model.metadata.get("jsonVersion", "1.1")
    return text.encode(), {"Content-Type": f"application/x-amz-json-{version}"}


def _xml(members: dict[str, Any]) -> str:
    """Members as S3 writes them: a list is its elements one after another, without a wrapper."""
    written = []
    for name, value in members.items():
        for item in value if isinstance(value, list) else [value]:
            text = _xml(item) if isinstance(item, dict) else escape(str(item))
            written.append(f"<{name}>{text}</{name}>")
    return "".join(written)


def error_answer(wire: str, error: ServiceError, request_id: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of an error answer; the code also travels in the query-compatible header."""
    if wire in FORMS:
        return forms.error(error, request_id, ec2=wire == "ec2").encode(), {"Content-Type": "text/xml"}
    if wire == "rest-xml":
        return b"", {}
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
