"""Transform jobs are mirrored as AWS describes them, without reading again what cannot have changed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery.exceptions import SoftTimeLimitExceeded

from fleet.costs.batch import Job, cost_line
from fleet.models import Shard, TransformJob
from fleet.queries import batch, prices
from fleet.queries.batch_jobs import Criteria
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.sync.shard import run_inventory
from tests.aws.simulator_process import FLEETS, SimulatorProcess

START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
Entry = dict[str, Any]
Load = Callable[[list[Entry]], SimulatorProcess]

pytestmark = [pytest.mark.aws, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def load(simulator: SimulatorProcess, tmp_path: Path) -> Load:
    """Reset the simulator to its small fleet with these transform jobs."""

    def reset(jobs: list[Entry]) -> SimulatorProcess:
        document = yaml.safe_load((FLEETS / "two_endpoints.yaml").read_text())
        document["endpoints"] = document["endpoints"][:1]
        document["transform_jobs"] = jobs
        path = tmp_path / "fleet.yaml"
        path.write_text(yaml.safe_dump(document))
        return simulator.reset(path)

    return reset


def job(number: int, **fields: Any) -> Entry:
    created = START + timedelta(hours=number)
    base = {"account": "test", "region": "us-east-1", "name": f"scoring-{number:03}", "minutes": 32}
    return {**base, "created": created.isoformat(), **fields}


def calls_of(simulator: SimulatorProcess, action: str) -> int:
    return int(simulator.calls()["calls"].get(f"sagemaker:{action}", 0))


def names(**where: Any) -> set[str]:
    return set(TransformJob.objects.filter(**where).values_list("name", flat=True))


def test_a_job_is_mirrored_with_its_settings_its_failure_and_its_tags(
    load: Load, shard: Shard, now: datetime
) -> None:
    reason = "AlgorithmError: See job logs for more information"
    load([job(1, status="Failed", failure_reason=reason, instances=2, concurrent=4, tags={"team": "risk"})])
    run_inventory(shard.pk, now=now)
    found = TransformJob.objects.get()
    assert (found.name, found.status, found.failure_reason) == ("scoring-001", "Failed", reason)
    assert (found.instance_type, found.instance_count, found.max_concurrent) == ("ml.m5.xlarge", 2, 4)
    assert found.started_at == START + timedelta(hours=1, minutes=2)
    assert found.ended_at == START + timedelta(hours=1, minutes=32)
    assert found.input_uri == "s3://sim-batch/scoring-001/in/"
    assert found.tags == {"team": "risk"}


def test_cost_is_instances_times_billed_time_at_the_price_list_s_transform_price(
    load: Load, shard: Shard, now: datetime
) -> None:
    load([job(1, instances=2)])
    run_inventory(shard.pk, now=now)
    row, book = TransformJob.objects.get(), prices.book("us-east-1")
    line = cost_line(
        "us-east-1", Job(row.instance_type, row.instance_count, row.started_at, row.ended_at), book, now
    )
    assert line.quantity == Decimal(1)  # two instances for thirty minutes
    assert line.usd_per_unit is not None
    assert line.amount == line.usd_per_unit
    assert "Tsform:ml.m5.xlarge" in line.price_source


def test_the_next_run_reads_one_page_and_describes_nothing_that_has_ended(
    load: Load, shard: Shard, now: datetime
) -> None:
    simulator = load([job(n) for n in range(130)])
    run_inventory(shard.pk, now=now)
    assert TransformJob.objects.exclude(described_at=None).count() == 130
    assert (calls_of(simulator, "ListTransformJobs"), calls_of(simulator, "DescribeTransformJob")) == (2, 130)
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + timedelta(minutes=6))
    assert (calls_of(simulator, "ListTransformJobs"), calls_of(simulator, "DescribeTransformJob")) == (1, 0)


def test_a_new_job_and_the_end_of_an_old_one_are_seen(load: Load, shard: Shard, now: datetime) -> None:
    jobs = [job(n) for n in range(105)]
    load([job(0, status="InProgress", minutes=None), *jobs[1:]])
    run_inventory(shard.pk, now=now)
    assert names(status="InProgress") == {"scoring-000"}
    load([*jobs, job(105)])
    run_inventory(shard.pk, now=now + timedelta(minutes=1))
    assert TransformJob.objects.count() == 106
    # Beyond the first page of the listing: known to be under way, so it was asked for by name.
    assert TransformJob.objects.get(name="scoring-000").status == "Completed"


def test_jobs_that_may_not_be_described_are_listed_all_the_same(
    load: Load, shard: Shard, now: datetime
) -> None:
    simulator = load([job(n) for n in range(110)])
    simulator.fault("deny", "sagemaker:DescribeTransformJob")
    outcome = run_inventory(shard.pk, now=now)
    assert outcome.failed_sections == {"batch"}
    assert "sagemaker:DescribeTransformJob" in str(Shard.objects.get().sections["batch"]["error"])
    assert TransformJob.objects.filter(described_at=None).count() == 110
    assert calls_of(simulator, "DescribeTransformJob") == 100
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + timedelta(minutes=6))
    assert TransformJob.objects.filter(described_at=None).count() == 0


def test_tags_that_may_not_be_read_hide_nothing_else_and_follow_later(
    load: Load, shard: Shard, now: datetime
) -> None:
    simulator = load([job(1, tags={"team": "risk"})])
    simulator.fault("deny", "tag:GetResources")
    assert run_inventory(shard.pk, now=now).failed_sections == {"tags"}
    found = TransformJob.objects.get()
    assert (found.instance_type, found.started_at) == ("ml.m5.xlarge", START + timedelta(hours=1, minutes=2))
    assert (found.tags, found.tags_read_at) == ({}, None)
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + timedelta(minutes=6))
    assert TransformJob.objects.get().tags == {"team": "risk"}


def test_a_job_aws_does_not_know_by_name_is_not_asked_for_in_every_run(
    load: Load, shard: Shard, now: datetime
) -> None:
    simulator = load([job(0, status="InProgress", minutes=None)])
    run_inventory(shard.pk, now=now)
    simulator = load([])
    for minute in range(1, 5):
        run_inventory(shard.pk, now=now + minute * timedelta(minutes=6))
    assert calls_of(simulator, "DescribeTransformJob") == 1
    run_inventory(shard.pk, now=now + timedelta(days=1, hours=1))
    assert calls_of(simulator, "DescribeTransformJob") == 2


def test_a_running_job_that_aws_forgets_costs_nothing_from_when_it_was_last_seen(
    load: Load, shard: Shard, now: datetime
) -> None:
    entry = job(0, status="InProgress", minutes=None)
    load([entry])
    for minute in (0, 10):
        run_inventory(shard.pk, now=now + timedelta(minutes=minute))
    load([])
    for minute in (20, 30):
        run_inventory(shard.pk, now=now + timedelta(minutes=minute))
    row = TransformJob.objects.get()
    assert (row.status, row.missing_since, row.billed_until) == (
        "InProgress", now + timedelta(minutes=20), now + timedelta(minutes=10),
    )  # fmt: skip
    window = TimeRange("7d", "last 7 days", now - timedelta(days=30), now + timedelta(days=3))
    later = batch.one(row, now + timedelta(days=2))
    assert row.started_at is not None
    assert later.billed == now + timedelta(minutes=10) - row.started_at
    assert later.line.note.startswith("AWS no longer knows the job")
    assert not later.is_running
    held = batch.prices_of(ScopeFilter())
    found = batch.summary(Criteria(ScopeFilter()), window, now + timedelta(days=2), held)
    assert (found.running, found.longest_billed, found.usd) == (
        0,
        later.billed,
        pytest.approx(later.line.amount),
    )
    load([entry])
    run_inventory(shard.pk, now=now + timedelta(days=1, hours=1))
    row.refresh_from_db()
    assert (row.missing_since, row.billed_until) == (None, None), "AWS knows it again"


def test_what_a_listing_told_before_it_broke_off_stays_and_the_rest_follows(
    load: Load, shard: Shard, now: datetime
) -> None:
    simulator = load([job(n) for n in range(230)])

    def end_the_run() -> None:
        if TransformJob.objects.exists():
            raise SoftTimeLimitExceeded

    with pytest.raises(SoftTimeLimitExceeded):
        run_inventory(shard.pk, now=now, check=end_the_run)
    assert TransformJob.objects.count() == 100
    run_inventory(shard.pk, now=now + timedelta(minutes=6))
    assert TransformJob.objects.count() == 230
    simulator.reset_calls()
    run_inventory(shard.pk, now=now + timedelta(minutes=12))
    assert calls_of(simulator, "ListTransformJobs") == 1


def test_a_listing_that_is_refused_skips_no_job_later(load: Load, shard: Shard, now: datetime) -> None:
    simulator = load([job(n) for n in range(130)])
    simulator.fault("deny", "sagemaker:ListTransformJobs")
    assert run_inventory(shard.pk, now=now).failed_sections == {"batch"}
    assert TransformJob.objects.count() == 0
    simulator.clear_faults()
    run_inventory(shard.pk, now=now + timedelta(minutes=6))
    assert TransformJob.objects.count() == 130
