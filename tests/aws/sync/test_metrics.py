"""Stored buckets add up to what really happened, as the simulator knows it, at the price planned for."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Sum
from pytest_django.fixtures import Settings

from fleet.models import CallTally, Endpoint, FineBucket, HourBucket, Shard, VariantStatus
from fleet.sync import partitions
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from tests.aws.simulator_process import SimulatorProcess

pytestmark = [pytest.mark.aws, pytest.mark.django_db]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def hour_of(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def test_fine_rows_follow_the_kind_and_add_up(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    start, end = hour_of(now) - 6 * HOUR, hour_of(now)
    periods = dict(FineBucket.objects.values_list("variant__endpoint__name", "period_s").distinct())
    assert periods == {"alpha-serverless": 60, "beta-realtime": 300}
    for row in simulator.truth(start, end)["variants"]:
        stored = FineBucket.objects.filter(variant__endpoint__name=row["endpoint"], at__gte=start, at__lt=end)
        assert stored.aggregate(total=Sum("invocations"))["total"] == row["invocations"] > 0


def test_microseconds_become_milliseconds_once(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    start, end = hour_of(now) - HOUR, hour_of(now)
    row = next(r for r in simulator.truth(start, end)["variants"] if r["endpoint"] == "beta-realtime")
    stored = HourBucket.objects.get(variant__endpoint__name="beta-realtime", at=start)
    assert stored.model_latency_ms_sum == pytest.approx(float(row["busy_ms"]), rel=1e-6)
    assert stored.setup_count is None, "not published for real-time endpoints"


def test_idle_serverless_minutes_leave_no_row(simulator: SimulatorProcess, shard: Shard) -> None:
    simulator.add_endpoint(
        name="gamma-idle",
        account="test",
        region="us-east-1",
        created="-3d",
        serverless={"memory_mb": 1024, "max_concurrency": 2},
    )
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    assert not FineBucket.objects.filter(variant__endpoint__name="gamma-idle").exists()
    idle = VariantStatus.objects.get(endpoint__name="gamma-idle")
    busy = VariantStatus.objects.get(endpoint__name="alpha-serverless")
    assert (idle.metrics_cadence_s, idle.metrics_why) == (3600, "silent")
    assert (busy.metrics_cadence_s, busy.metrics_why) == (300, "busy")


def test_idle_variants_cost_one_probe_and_wake_on_traffic(simulator: SimulatorProcess, shard: Shard) -> None:
    simulator.add_endpoint(
        name="gamma-idle",
        account="test",
        region="us-east-1",
        created="-3d",
        serverless={"memory_mb": 1024, "max_concurrency": 2},
    )
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    others = VariantStatus.objects.exclude(endpoint__name="gamma-idle")
    others.update(metrics_due_at=now + 9 * HOUR)
    now = simulator.advance(900).now()
    assert run_metrics(shard.pk, now=now).metrics_requested == 1
    others.update(metrics_why="idle")
    now = simulator.advance(300).now()
    assert run_metrics(shard.pk, now=now).metrics_requested > 3
    assert set(others.values_list("metrics_cadence_s", "metrics_why")) == {(300, "busy")}
    assert set(others.values_list("metrics_until", flat=True)) != {None}


def test_repeated_reading_writes_nothing(simulator: SimulatorProcess, shard: Shard, now: datetime) -> None:
    run_inventory(shard.pk, now=now)
    first = run_metrics(shard.pk, now=now)
    assert first.counts["metrics"] > 0
    rows = FineBucket.objects.count(), HourBucket.objects.count()
    VariantStatus.objects.update(metrics_due_at=None)
    again = run_metrics(shard.pk, now=now)
    assert again.metrics_requested > 0
    assert again.counts["metrics"] == 0
    assert (FineBucket.objects.count(), HourBucket.objects.count()) == rows
    VariantStatus.objects.update(metrics_until=None, metrics_due_at=None)
    assert run_metrics(shard.pk, now=now).counts["metrics"] == 0


def test_growing_hour_is_read_again_until_it_is_over(simulator: SimulatorProcess, shard: Shard) -> None:
    simulator.advance((60 - simulator.now().minute) % 60 * 60 + 900)
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    of = HourBucket.objects.filter(variant__endpoint__name="beta-realtime", at=hour_of(now))
    quarter = of.get().invocations
    later = simulator.advance(3600).now()
    run_metrics(shard.pk, now=later)
    whole = of.get().invocations
    assert quarter is not None
    assert whole is not None
    assert whole > quarter
    truth = simulator.truth(hour_of(now), hour_of(now) + HOUR)["variants"]
    assert whole == next(r for r in truth if r["endpoint"] == "beta-realtime")["invocations"]


def test_a_variant_that_is_gone_is_read_once_more_after_its_last_hour_and_then_never(
    simulator: SimulatorProcess, shard: Shard
) -> None:
    simulator.advance((60 - simulator.now().minute) % 60 * 60 + 600)
    now = simulator.now()
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    gone = VariantStatus.objects.filter(endpoint__name="beta-realtime")
    Endpoint.objects.filter(name="beta-realtime").update(closed_at=now)
    VariantStatus.objects.exclude(endpoint__name="beta-realtime").delete()
    readings = []
    for _ in range(24):
        now = simulator.advance(300).now()
        if run_metrics(shard.pk, now=now).metrics_requested:
            # In steps of the advance: the simulator's clock goes on while the test runs.
            readings.append((now - hour_of(gone.get().endpoint.closed_at or now)) // (5 * MINUTE))
    assert readings == [3, 15], "15 minutes in, right after the end, and at 75, when the last hour is settled"


def test_truncated_answer_is_a_failure_not_silence(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    simulator.fault("truncate", "cloudwatch:GetMetricData")
    outcome = run_metrics(shard.pk, now=now)
    assert outcome.failed_sections == {"metrics"}
    shard.refresh_from_db()
    assert shard.metrics_ok_at is None
    assert VariantStatus.objects.filter(metrics_until=None).count() == 2
    simulator.clear_faults()
    assert run_metrics(shard.pk, now=now + MINUTE).errors == {}
    assert FineBucket.objects.exists()


def test_budget_of_the_day_stops_metrics_but_not_the_inventory(
    simulator: SimulatorProcess, shard: Shard, now: datetime, settings: Settings
) -> None:
    settings.CLOUDWATCH_DAILY_USD = 1
    run_inventory(shard.pk, now=now)
    CallTally.objects.create(
        shard=shard, day=now.date(), action="cloudwatch:GetMetricData", metrics_requested=99_990
    )
    simulator.reset_calls()
    outcome = run_metrics(shard.pk, now=now)
    assert outcome.failed_sections == {"metrics"}
    assert "FLOTILLA_CLOUDWATCH_DAILY_USD" in str(outcome.errors["metrics"])
    assert simulator.calls()["metrics_requested"] == 0
    assert run_inventory(shard.pk, now=now + MINUTE).errors == {}


def test_metrics_counted_equal_those_the_simulator_was_asked_for(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    run_backfill(shard.pk, now=now)
    seen = simulator.calls()
    tally = CallTally.objects.get(action="cloudwatch:GetMetricData")
    assert tally.metrics_requested == seen["metrics_requested"] > 0
    assert tally.calls == seen["calls"]["cloudwatch:GetMetricData"]


def test_rows_lie_in_partitions_and_old_ones_are_dropped_whole(
    simulator: SimulatorProcess, shard: Shard, now: datetime
) -> None:
    run_inventory(shard.pk, now=now)
    run_metrics(shard.pk, now=now)
    names = partitions.existing(partitions.FINE_TABLE)
    assert f"fleet_finebucket_p{now:%Y%m%d}" in names
    assert f"fleet_finebucket_p{now + timedelta(days=1):%Y%m%d}" in names
    hours = HourBucket.objects.count()
    dropped = partitions.drop_expired(now + timedelta(days=20))
    assert f"fleet_finebucket_p{now:%Y%m%d}" in dropped
    assert not FineBucket.objects.exists()
    assert HourBucket.objects.count() == hours


def test_reading_that_stops_midway_keeps_what_it_paid_for(
    simulator: SimulatorProcess, shard: Shard, now: datetime, settings: Settings
) -> None:
    simulator.add_endpoints(
        [
            {
                "name": f"many-{number:02}",
                "account": "test",
                "region": "us-east-1",
                "serverless": {"memory_mb": 1024, "max_concurrency": 1},
            }
            for number in range(40)
        ]
    )
    # When an hour has just settled: fine rows and hours then pass what is left of the budget.
    now = simulator.advance((80 - simulator.now().minute) % 60 * 60).now()
    run_inventory(shard.pk, now=now)
    settings.CLOUDWATCH_DAILY_USD = 1
    CallTally.objects.create(
        shard=shard, day=now.date(), action="cloudwatch:GetMetricData", metrics_requested=99_000
    )
    first = run_metrics(shard.pk, now=now)
    assert first.failed_sections == {"metrics"}
    assert 0 < first.metrics_requested <= 1000
    done = VariantStatus.objects.exclude(metrics_until=None).count()
    assert 0 < done < 42
    settings.CLOUDWATCH_DAILY_USD = 5
    second = run_metrics(shard.pk, now=now)
    assert second.errors == {}
    assert not VariantStatus.objects.filter(metrics_until=None).exists()
    whole = first.metrics_requested + second.metrics_requested
    assert whole == simulator.calls()["metrics_requested"]
