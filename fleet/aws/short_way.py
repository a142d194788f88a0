"""Reads on the short way: what does not change from one call of a client to the next is worked out once.

botocore resolves the endpoint, validates, serialises, signs and parses each request by models and some twenty events: a
describe takes 0.75 ms of CPU so, and half of that here. Its own first call shows the way (address, headers, what to
sign), its connections are used, and whatever is not a plain success is given back to it: errors and retries stay its.
"""

import json
import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.model import OperationModel

from fleet.aws import shapes, signing, unknown

SERVICES = frozenset({"sagemaker", "application-autoscaling", "resourcegroupstaggingapi", "service-quotas"})
"""Those of which thousands of answers are read; all of them JSON."""
_READS = ("Describe", "Get", "List")
_EACH_TIME = frozenset(
    {"authorization", "content-length", "x-amz-date", "x-amz-security-token", "x-amz-target", "amz-sdk-invocation-id"}
)  # fmt: skip


class _Reading(NamedTuple):
    """An operation that may go the short way."""

    model: OperationModel
    target: str
    read: shapes.Read


_lock = threading.Lock()
_readings: dict[tuple[str, str], _Reading | None] = {}
_in_hand: ContextVar[AWSResponse | HTTPClientError | None] = ContextVar(
    "flotilla_answer_in_hand", default=None
)


@dataclass(frozen=True, slots=True)
class _Route:
    """What botocore's own request showed. signed: the names of the headers to sign, without the token's."""

    url: str
    headers: dict[str, str]
    signed: frozenset[str]
    region: str
    service: str
    connections: URLLib3Session


class ShortWay:
    """The short way of one client, open once a call of its own has shown where it leads."""

    def __init__(self, client: Any, keys: Callable[[], ReadOnlyCredentials | None]) -> None:
        self._meta = client.meta
        self._keys = keys
        self._route: _Route | None = None
        self._sent = threading.local()
        service = self._meta.service_model.service_id.hyphenize()
        self._meta.events.register(f"before-send.{service}", self._on_send)
        self._meta.events.register(f"needs-retry.{service}", self._on_answer)

    def leads_to(self, operation: str) -> bool:
        """Whether the operation (botocore's method name) can be asked here, now."""
        return self._route is not None and self._reading(operation) is not None

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer; None when botocore has to ask, or to deal with what was answered: call it, then drop()."""
        route, reading, keys = self._route, self._reading(operation), self._keys()
        if route is None or reading is None or keys is None:
            return None
        body = json.dumps(parameters).encode()
        headers = _headers(route, reading.target, keys, body)
        try:
            response = route.connections.send(AWSPreparedRequest("POST", route.url, headers, body, False))
        except HTTPClientError as error:
            _in_hand.set(error)
            return None
        answer = _parsed(reading, response) if response.status_code == 200 else None
        if answer is None:
            _in_hand.set(response)
        return answer

    def _reading(self, operation: str) -> _Reading | None:
        service = self._meta.service_model
        slot = (service.service_name, operation)
        if slot not in _readings:
            with _lock:
                model = service.operation_model(self._meta.method_to_api_mapping[operation])
                _readings[slot] = _made(model)
        return _readings[slot]

    def _on_send(self, request: AWSPreparedRequest, **_rest: object) -> None:
        self._sent.request = request

    def _on_answer(self, response: Any, endpoint: Any, attempts: int, **_rest: object) -> None:
        """Learn from a request that AWS has answered well."""
        request = getattr(self._sent, "request", None)
        self._sent.request = None
        is_first = self._route is None and attempts == 1
        if is_first and request is not None and response is not None and response[0].status_code == 200:
            self._route = _learned(request, endpoint.http_session)


def _made(model: OperationModel) -> _Reading | None:
    """None for what is no plain question with a JSON answer."""
    service = model.service_model
    is_plain = model.name.startswith(_READS) and service.resolved_protocol == "json"
    is_plain = is_plain and (model.http["method"], model.http["requestUri"], model.endpoint) == (
        "POST",
        "/",
        None,
    )
    read = shapes.Reader().of(model.output_shape) if is_plain and model.output_shape else None
    return _Reading(model, f"{service.metadata.get('targetPrefix')}.{model.name}", read) if read else None


def in_hand() -> AWSResponse | None:
    """The answer that botocore takes for its own request's, once; raises the failure to get one in its stead."""
    answer = _in_hand.get()
    if answer is None:
        return None
    _in_hand.set(None)
    if isinstance(answer, HTTPClientError):
        raise answer
    return answer


def drop() -> None:
    """Keep nothing for a later request."""
    _in_hand.set(None)


def _learned(request: AWSPreparedRequest, connections: URLLib3Session) -> _Route | None:
    """None where the request was signed otherwise than by Signature Version 4."""
    headers = {name: _text(value) for name, value in request.headers.items()}
    parts = headers.get("Authorization", "").replace(",", "").split()
    if (
        len(parts) != 4
        or parts[0] != "AWS4-HMAC-SHA256"
        or "attempt=1;" not in headers.get("amz-sdk-request", "")
    ):
        return None
    _, _, region, service, _ = parts[1].partition("=")[2].rsplit("/", 4)
    signed = frozenset(parts[2].partition("=")[2].split(";")) - {"x-amz-security-token"}
    kept = {name: value for name, value in headers.items() if name.lower() not in _EACH_TIME}
    kept["Host"] = urlsplit(request.url).netloc
    return _Route(request.url, kept, signed, region, service, connections)


def _headers(route: _Route, target: str, keys: ReadOnlyCredentials, body: bytes) -> Any:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {
        **route.headers,
        "X-Amz-Target": target,
        "X-Amz-Date": stamp,
        "amz-sdk-invocation-id": str(uuid4()),
    }
    if keys.token:
        headers["X-Amz-Security-Token"] = keys.token
    lower = sorted([(name.lower(), value) for name, value in headers.items()])
    signed = {name: value for name, value in lower if name in route.signed or name == "x-amz-security-token"}
    headers["Authorization"] = signing.authorization(keys, route.region, route.service, stamp, signed, body)
    return headers


def _parsed(reading: _Reading, response: AWSResponse) -> dict[str, Any] | None:
    """The answer with the metadata we use; None where botocore's parser shall say what is wrong with it."""
    odd: list[str] = []
    try:
        raw = json.loads(response.content)
        parsed: dict[str, Any] = reading.read(raw, odd)
    except (ValueError, TypeError):
        return None
    if odd:
        unknown.note(reading.model, raw, parsed)
    parsed["ResponseMetadata"] = {
        "RequestId": response.headers.get("x-amzn-requestid", ""),
        "HTTPStatusCode": response.status_code,
    }
    return parsed


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
