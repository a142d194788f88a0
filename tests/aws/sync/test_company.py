"""A thousand endpoints in sixty scopes: mirrored as they are, with the fewest calls, and left alone while unchanged."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.aws import clients
from fleet.models import CallTally, Shard
from fleet.sync import due, many
from simulator import load_fleet
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.aws.sync import company, holdings

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]

ENDPOINTS, ACCOUNTS, REGIONS = 1_000, 20, 3
MINUTE = timedelta(minutes=1)
Versions = Callable[[], dict[str, list[tuple[int, int]]]]


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    """A simulator of its own with the generated company."""
    fleet = load_fleet.write(tmp_path / "fleet.json", ENDPOINTS, ACCOUNTS, REGIONS)
    with SimulatorProcess(fleet) as process, pointed(process, monkeypatch, load_fleet.ACCESS_KEY):
        yield process


def test_a_company_is_mirrored_exactly_with_the_fewest_calls_and_then_left_alone(
    large: SimulatorProcess, row_versions: Versions
) -> None:
    shards, now = company.take_in(ACCOUNTS, REGIONS), large.now()
    rings: list[tuple[int, ...]] = []
    due.ring(
        now,
        inventory=lambda *ids: rings.append(ids),
        metrics=lambda _: None,
        backfill=lambda _: None,
        prices=lambda: None,
    )
    assert sorted(pk for ring in rings for pk in ring) == [shard.pk for shard in shards]
    assert len(rings) == len(shards) / due.TOGETHER
    for ring in rings:
        assert [outcome.errors for outcome in many.run(ring, now=lambda: now)] == [{}] * len(ring)
    places = company.truth(large)
    assert len(places) == ENDPOINTS
    assert company.mirror() == places
    assert holdings.differences(holdings.in_mirror(), holdings.at_aws(large)) == []
    made = large.calls()["calls"]
    assert made["sts:AssumeRole"] == ACCOUNTS
    assert sum(made.values()) <= 1.05 * company.floor(places, len(shards), made, ACCOUNTS)
    assert sum(CallTally.objects.values_list("calls", flat=True)) == sum(made.values())
    # One client per region and service, however many accounts there are.
    assert len(clients._clients) <= REGIONS * 12

    # The second look begins what an inventory has to come first for; from then on there is nothing to do.
    many.run([shard.pk for shard in shards], now=lambda: now + MINUTE)
    before = row_versions()
    large.reset_calls()
    many.run([shard.pk for shard in shards], now=lambda: now + 2 * MINUTE)
    made = large.calls()["calls"]
    assert made["sagemaker:ListEndpoints"] == len(shards)
    assert company.described(made) == 0
    assert "sts:AssumeRole" not in made
    assert sum(made.values()) <= 4 * len(shards)
    assert row_versions() == before
    assert Shard.objects.filter(inventory_ok_at=now + 2 * MINUTE).count() == len(shards)
