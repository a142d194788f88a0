"""From rows to evidence, without a database: what is known, what stays unknown, and what silence means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from fleet.costs import snapshot
from fleet.costs.price_book import PriceBook
from fleet.costs.price_history import PriceHistory
from fleet.models import Account, Endpoint, EndpointConfig, Shard, VariantStatus
from fleet.queries.advice_evidence import build, measured, scaled
from fleet.queries.advice_evidence.around import Around
from fleet.queries.advice_evidence.hours import HOURS, WINDOW, Hours, Sums
from fleet.queries.advice_evidence.measured import Known
from fleet.queries.advice_evidence.mirror import ContainerRow, Mirror, ModelRow, Move
from fleet.queries.prices import Histories
from fleet.types import CostComponent, Kind

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
START = END - WINDOW
EMPTY = Mirror((), *({} for _ in range(13)))
AROUND = Around(
    END.date(),
    PriceBook.layered(snapshot.points()),
    Histories(PriceHistory(), {}),
    {},
    {},
    {},
    frozenset(),
    frozenset(),
    {},
)


def endpoint(kind: Kind = Kind.SERVERLESS, **fields: object) -> Endpoint:
    """Ninety days old, in a shard whose history is whole and whose scaling was read."""
    shard = Shard(
        pk=1, account=Account(pk=1, account_id="111122223333", alias="prod"), region="us-east-1",
        backfill_from=START - timedelta(days=60), backfill_until=START, backfill_done_until=START,
        sections={"scaling": {"ok_at": END.isoformat()}},
    )  # fmt: skip
    common = {"name": "chat", "kind": kind, "status": "InService", "created_at": END - timedelta(days=90)}
    return Endpoint(**{"pk": 7, "shard": shard, **common, **fields})


def variant(**fields: object) -> VariantStatus:
    common = {"pk": 70, "endpoint_id": 7, "name": "AllTraffic", "model_name": "m", "metrics_until": END}
    return VariantStatus(**{**common, **fields})


def serverless() -> VariantStatus:
    return variant(memory_mb=2048, max_concurrency=10)


NOTHING = Sums()


def hours(*at: int, sums: Sums = NOTHING, **columns: float | None) -> Hours:
    """Hours with the same figures in each."""
    lists = {name: [columns.get(name)] * len(at) for name in (
        "calls", "busy_ms", "minutes", "cpu_pct", "memory_pct", "warm", "spilled", "used",
    )}  # fmt: skip
    return Hours(list(at), **lists, sums=sums)


def test_silence_is_zero_where_it_was_read_and_unknown_elsewhere() -> None:
    found = hours(HOURS - 2, calls=5.0)
    calls = measured.hourly_calls(found, Known(HOURS - 4, HOURS - 1), Kind.SERVERLESS)
    assert calls[-5:] == [None, 0.0, 0.0, 5.0, None]
    # Real-time endpoints publish zeros: an hour without any row tells nothing.
    assert measured.hourly_calls(found, Known(0, HOURS), Kind.REAL_TIME)[-3:] == [None, 5.0, None]


@pytest.mark.parametrize(
    ("fields", "first"),
    [({}, 0), ({"created_at": END - timedelta(hours=30, minutes=30)}, HOURS - 30)],
    ids=["old", "young"],
)
def test_hours_before_it_was_made_are_not_known(fields: dict[str, datetime], first: int) -> None:
    assert Known.of(endpoint(Kind.SERVERLESS, **fields), serverless(), START) == Known(first, HOURS)


def test_history_that_was_not_read_is_not_known() -> None:
    found = endpoint()
    found.shard.backfill_until = END - timedelta(hours=5)
    found.shard.backfill_done_until = START
    assert Known.of(found, serverless(), START) == Known(HOURS - 5, HOURS)
    assert Known.of(found, variant(metrics_until=None), START).last == 0


def test_an_endpoint_without_an_hour_is_unknown_throughout_and_costs_no_zero() -> None:
    row = variant(memory_mb=2048, max_concurrency=10, metrics_until=None)
    rows = replace(EMPTY, variants={7: [row]})
    found = build.evidence(endpoint(), rows, {}, {}, AROUND, START, END)
    assert found.calls.count is None
    assert found.cold.count is None
    assert found.month.total is None
    assert found.shape is not None
    assert found.shape.pattern is None
    assert found.main is not None
    assert found.main.memory_mb == 2048


def test_a_serverless_endpoint_has_its_figures_its_month_and_its_ways() -> None:
    busy = hours(
        *range(HOURS), calls=360.0, busy_ms=360_000.0, used=0.3, memory_pct=40.0,
        sums=Sums(cold=12.0, latency_ms_p99=900.0, latency_ms_p99_max=1500.0),
    )  # fmt: skip
    rows = replace(EMPTY, variants={7: [serverless()]}, publishes={7: True})
    found = build.evidence(endpoint(), rows, {70: busy}, {}, AROUND, START, END)
    assert found.calls.count == 360 * HOURS
    assert found.calls.busy_hours == 1
    assert found.calls.peak_concurrency == 3
    assert found.cold.count == 12
    assert found.cold.saturated_minutes == 0
    assert found.use.memory_max == 40
    assert found.use.cpu_mean is None
    # 360.18 s of execution an hour (half a millisecond a call more) × 730 h × $0.00004 at 2 GB.
    assert found.month.components[CostComponent.EXECUTION_ON_DEMAND] == Decimal("360.18") * 730 * Decimal(
        "0.00004"
    )
    assert found.today is not None
    assert found.today.usd == found.month.total
    assert found.today.item == "2048"


def test_no_cold_start_is_zero_only_where_samples_are_published() -> None:
    busy = hours(*range(HOURS), calls=10.0, busy_ms=10.0)
    for publishes, expected in ((True, 0.0), (False, None)):
        rows = replace(EMPTY, variants={7: [serverless()]}, publishes={7: publishes})
        assert build.evidence(endpoint(), rows, {70: busy}, {}, AROUND, START, END).cold.count == expected


def test_use_is_of_the_whole_machine() -> None:
    # Four vCPUs: 200 % over cores is half of the machine; one hour of two hundred is high.
    row = variant(instance_type="ml.m5.xlarge", current_instance_count=1)
    busy = hours(*range(HOURS), calls=1.0, busy_ms=1.0, minutes=60.0, cpu_pct=20.0, memory_pct=10.0)
    busy.cpu_pct[0] = 200.0  # type: ignore[index]
    rows = replace(EMPTY, variants={7: [row]})
    found = build.evidence(endpoint(Kind.REAL_TIME), rows, {70: busy}, {}, AROUND, START, END)
    assert found.use.cpu_max == 50
    assert found.use.cpu_p95 == 5
    assert found.use.low_hours == pytest.approx((HOURS - 1) / HOURS)
    assert found.main is not None
    assert found.main.machine is not None
    assert found.main.machine.usd_hour == Decimal("0.23")
    assert found.commitment.steady_usd == Decimal("0.23") * 730
    assert found.commitment.covered_usd == 0


def test_several_variants_have_calls_but_no_machine() -> None:
    one, other = variant(pk=70, instance_type="ml.m5.large"), variant(pk=71, instance_type="ml.m5.xlarge")
    parts = {pk: hours(*range(HOURS), calls=3.0, busy_ms=1.0) for pk in (70, 71)}
    rows = replace(EMPTY, variants={7: [one, other]})
    found = build.evidence(endpoint(Kind.REAL_TIME), rows, parts, {}, AROUND, START, END)
    assert found.main is None
    assert found.calls.count == 6 * HOURS
    assert found.ways == ()
    assert found.use.cpu_mean is None


def test_what_serverless_excludes_is_read_from_the_documents() -> None:
    config = EndpointConfig(document={"ProductionVariants": [{"InstanceType": "ml.g4dn.xlarge"}]})
    model = ModelRow({"EnableNetworkIsolation": True}, (ContainerRow("", "image", "SingleModel"),))
    rows = replace(EMPTY, variants={7: [variant(instance_type="ml.g4dn.xlarge")]}, models={(1, "m"): model})
    found = build.evidence(endpoint(Kind.REAL_TIME, config=config), rows, {}, {}, AROUND, START, END)
    assert found.exclusions == ("GPUs", "Network isolation")
    unread = build.evidence(endpoint(Kind.REAL_TIME), rows, {}, {}, AROUND, START, END)
    assert unread.exclusions is None


def test_scaling_that_was_not_read_is_not_taken_for_none() -> None:
    found = endpoint()
    assert build.evidence(found, EMPTY, {}, {}, AROUND, START, END).scaling.targets == ()
    found.shard.sections = {}
    assert build.evidence(found, EMPTY, {}, {}, AROUND, START, END).scaling.targets is None


def test_out_and_back_within_an_hour_is_a_reversal() -> None:
    def at(minutes: int, level: int, history: int = 1) -> Move:
        return Move(history, START + timedelta(minutes=minutes), level)

    assert scaled.reversals([at(0, 1), at(10, 4), at(40, 1), at(60, 4), at(300, 1)]) == 2
    assert scaled.reversals([at(0, 1), at(10, 2), at(20, 3)]) == 0
    # Another dimension's moves are its own.
    assert scaled.reversals([at(0, 1), at(10, 4), at(20, 1, history=2)]) == 0
