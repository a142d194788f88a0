"""Answers to GetMetricData that lack something, or that only a lenient reader of JSON takes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from fleet.aws import cloudwatch, sessions
from fleet.aws.cloudwatch import NOTHING, Query, Series
from fleet.errors import Unavailable
from fleet.types import AwsScope

pytestmark = pytest.mark.aws

SCOPE = AwsScope("111122223333", "us-east-1")
START = datetime(2026, 11, 21, 12, tzinfo=UTC)
AT = int(START.timestamp())
Answering = Callable[[str], None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answering]:
    """answering(body): what CloudWatch answers from now on, whatever it is asked."""
    body = b""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    def answer(text: str) -> None:
        nonlocal body
        body = text.encode()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    sessions.reset()
    yield answer
    sessions.reset()
    server.shutdown()
    server.server_close()


def read() -> list[Series]:
    """Two metrics of one variant over two minutes."""
    names = (("EndpointName", "a"), ("VariantName", "AllTraffic"))
    asked = [
        Query("AWS/SageMaker", name, names, "Sum", 60) for name in ("Invocations", "Invocation4XXErrors")
    ]
    return cloudwatch.get_metric_data(SCOPE, asked, START, START + timedelta(minutes=2))


def series(identity: str, rest: str) -> str:
    return f'{{"Id": "{identity}", "Label": "x"{rest}}}'


def results(*rows: str) -> str:
    return f'{{"MetricDataResults": [{", ".join(rows)}], "Messages": []}}'


def full(values: str) -> str:
    return f', "StatusCode": "Complete", "Timestamps": [{AT}.0, {AT + 60}.0], "Values": [{values}]'


def test_a_series_without_lists_is_one_of_which_nothing_was_reported(answering: Answering) -> None:
    answering(results(series("m000", full("1.0, 2.5")), series("m100", ', "StatusCode": "PartialData"')))
    assert read() == [Series([AT, AT + 60], [1.0, 2.5]), NOTHING]


def test_a_series_with_times_and_no_values_is_not_taken_for_silence(answering: Answering) -> None:
    answering(
        results(series("m000", full("1.0, 2.5")), series("m100", f', "Timestamps": [{AT}.0], "Values": []'))
    )
    with pytest.raises(Unavailable, match="as many timestamps as values"):
        read()


def test_a_failed_series_beside_a_whole_one_fails_the_reading_with_aws_words(answering: Answering) -> None:
    told = ', "StatusCode": "InternalError", "Messages": [{"Code": "1", "Value": "Try later"}]'
    answering(results(series("m000", full("1.0, 2.5")), series("m100", told)))
    with pytest.raises(Unavailable, match="Try later"):
        read()


def test_what_only_a_lenient_reader_takes_is_left_to_botocore(answering: Answering) -> None:
    # Not JSON by the letter: a bare Infinity, which Python's own reader takes and others refuse.
    answering(results(series("m000", full("1.0, Infinity")), series("m100", full("3, 4"))))
    assert read() == [
        Series([AT, AT + 60], [1.0, float("inf")]),
        Series([AT, AT + 60], [3.0, 4.0]),
    ]
