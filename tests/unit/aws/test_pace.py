"""One scope's pace: none before AWS throttles, half afterwards, growing back, and never shared with a neighbour."""

import pytest

from fleet.aws import pace
from fleet.aws.pace import FREE, GROWTH, SLOWEST, Pace


def test_nothing_waits_before_aws_has_throttled() -> None:
    unhindered = Pace()
    assert [unhindered.wait_s(100.0) for _ in range(500)] == [0.0] * 500


def test_throttling_halves_the_pace_that_was_kept() -> None:
    hindered = Pace()
    for n in range(40):
        hindered.wait_s(100.0 + n / 40)
    hindered.throttled(101.0)
    assert hindered.rate == 20.0
    assert [hindered.wait_s(101.0) for _ in range(3)] == pytest.approx([0.0, 0.05, 0.1])


def test_requests_throttled_together_are_one_reason_to_slow_down() -> None:
    hindered = Pace(rate=16.0)
    for n in range(8):
        hindered.throttled(100.0 + n / 10)
    assert hindered.rate == 8.0
    hindered.throttled(101.5)
    assert hindered.rate == 4.0


def test_pace_never_falls_to_a_standstill() -> None:
    hindered = Pace(rate=1.0)
    for second in range(100, 120, 2):
        hindered.throttled(float(second))
    assert hindered.rate == SLOWEST


def test_pace_grows_back_until_it_is_no_limit() -> None:
    hindered = Pace(rate=4.0)
    hindered.throttled(100.0)
    hindered.wait_s(110.0)
    assert hindered.rate == 2.0 + 10 * GROWTH
    hindered.wait_s(110.0 + FREE / GROWTH)
    assert hindered.rate is None


def test_scopes_and_services_have_paces_of_their_own() -> None:
    pace.reset()
    one = pace.of("111122223333", "us-east-1", "sagemaker")
    pace.throttled("111122223333", "us-east-1", "sagemaker")
    assert pace.of("111122223333", "us-east-1", "sagemaker") is one
    assert one.rate is not None
    for other in (("444455556666", "us-east-1", "sagemaker"), ("111122223333", "eu-west-1", "sagemaker"),
                  ("111122223333", "us-east-1", "monitoring")):  # fmt: skip
        assert pace.of(*other).rate is None
    pace.reset()
