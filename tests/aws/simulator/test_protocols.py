"""The other wire formats AWS models name for CloudWatch, and malformed requests."""

from __future__ import annotations

import http.client
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import get_session

from tests.aws.simulator_process import SimulatorProcess

pytestmark = pytest.mark.aws
SCOPE = "AWS4-HMAC-SHA256 Credential=AKIASIMULATORTEST000/20261121/us-east-1/{}/aws4_request"


def send(url: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
    """One raw POST."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read()


def speak(url: str, protocol: str, action: str, params: dict[str, Any]) -> Any:
    """Call CloudWatch in one protocol with botocore's own serialiser and parser."""
    model = get_session().get_service_model("cloudwatch")
    operation: OperationModel = model.operation_model(action)
    request = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation)
    body = request["body"]
    if isinstance(body, dict):
        body = urlencode(body).encode()
    headers = {key: str(value) for key, value in request["headers"].items()}
    headers["Authorization"] = SCOPE.format("monitoring")
    status, received, content = send(url, request["url_path"], headers, body)
    assert operation.output_shape is not None
    answer = {"status_code": status, "headers": received, "body": content, "context": {}}
    return create_parser(protocol).parse(answer, operation.output_shape)


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_every_protocol_tells_the_same(simulator: SimulatorProcess, protocol: str) -> None:
    end = simulator.now().replace(minute=0, second=0, microsecond=0)
    metric = {
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Dimensions": [
            {"Name": "EndpointName", "Value": "real-time"},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
    }
    params = {
        "MetricDataQueries": [{"Id": "q", "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"}}],
        "StartTime": end - timedelta(hours=1),
        "EndTime": end,
        "ScanBy": "TimestampAscending",
    }
    result = speak(simulator.url, protocol, "GetMetricData", params)["MetricDataResults"][0]
    assert result["Timestamps"] == [end - timedelta(minutes=60 - 5 * step) for step in range(12)]
    truth = simulator.truth(end - timedelta(hours=1), end)
    row = next(r for r in truth["variants"] if r["endpoint"] == "real-time")
    assert sum(result["Values"]) == row["invocations"]


@pytest.mark.parametrize("protocol", ["json", "query", "smithy-rpc-v2-cbor"])
def test_every_protocol_carries_errors(simulator: SimulatorProcess, protocol: str) -> None:
    simulator.fault("throttle", "cloudwatch:ListMetrics", count=1)
    error = speak(simulator.url, protocol, "ListMetrics", {})["Error"]
    assert (error["Code"], error["Message"]) == ("Throttling", "Rate exceeded")


def test_an_unsigned_or_broken_request_is_refused(simulator: SimulatorProcess) -> None:
    target = {"X-Amz-Target": "SageMaker.ListEndpoints"}
    assert send(simulator.url, "/", target, b"{}")[0] == 403
    signed = {**target, "Authorization": SCOPE.format("sagemaker")}
    status, _, body = send(simulator.url, "/", signed, b'{"MaxResults":')
    assert (status, b"SerializationException" in body) == (400, True)
    unknown = {"X-Amz-Target": "SageMaker.Levitate", "Authorization": SCOPE.format("sagemaker")}
    assert b"UnknownOperationException" in send(simulator.url, "/", unknown, b"{}")[2]


def test_two_requests_in_one_packet_are_both_answered(simulator: SimulatorProcess) -> None:
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=10)
    connection.connect()
    request = b"GET /_health HTTP/1.1\r\nHost: x\r\n\r\n"
    connection.sock.sendall(request + request)
    connection.sock.settimeout(10)
    received = b""
    while received.count(b'"status": "ok"') < 2:
        received += connection.sock.recv(65536)
    assert received.count(b"HTTP/1.1 200 OK") == 2
