"""The observer's own cost: by account and reason, against budget and against polling everything."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from dashboards.sync.observer import panel
from fleet.models import Account, CallTally, Endpoint, MetricSpend, Shard, User, VariantStatus
from fleet.queries import observer
from fleet.queries.scope import ScopeFilter

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TODAY, YESTERDAY = date(2026, 11, 21), date(2026, 11, 20)


def shard(alias: str, number: str, **account: object) -> Shard:
    found = Account.objects.create(account_id=number, alias=alias, **account)
    Account.objects.filter(pk=found.pk).update(created_at=NOON - timedelta(days=30))
    return Shard.objects.create(account=found, region="us-east-1")


def spend(where: Shard, day: date, **by_why: int) -> None:
    action = "cloudwatch:GetMetricData"
    CallTally.objects.create(shard=where, day=day, action=action, metrics_requested=sum(by_why.values()))
    for why, metrics in by_why.items():
        MetricSpend.objects.create(shard=where, day=day, why=why, metrics=metrics)


def variant(where: Shard, name: str, kind: str, why: str, **fields: object) -> None:
    endpoint = Endpoint.objects.create(
        shard=where, name=name, arn=name, kind=kind, status="InService", created_at=NOON, modified_at=NOON,
        first_seen_at=NOON,
    )  # fmt: skip
    VariantStatus.objects.create(endpoint=endpoint, name="v", metrics_why=why, **fields)


@pytest.fixture
def fleet(settings: Settings) -> tuple[Shard, Shard]:
    settings.CLOUDWATCH_DAILY_USD = 50
    one = shard("alpha", "111122223333")
    two = shard("beta", "444455556666", cloudwatch_daily_usd=Decimal("0.10"))
    spend(one, YESTERDAY, busy=200_000, probe=20_000, history=500_000)
    spend(one, TODAY, busy=100_000, probe=10_000)
    spend(two, TODAY, idle=10_000)
    variant(one, "busy", "serverless", "busy")
    variant(one, "warm", "serverless", "busy", provisioned_concurrency=3)
    variant(two, "idle", "real-time", "idle", instance_type="ml.c5.large")
    return one, two


def test_dollars_of_today_and_the_month_by_account(fleet: tuple[Shard, Shard]) -> None:
    found = observer.read(ScopeFilter(), now=NOON)
    by_alias = {row.account.alias: row for row in found.accounts}
    assert by_alias["alpha"].today_usd == Decimal("1.10")
    assert by_alias["alpha"].month_usd == Decimal("8.30")
    assert (by_alias["alpha"].limit_usd, by_alias["beta"].limit_usd) == (50, Decimal("0.10"))
    assert (found.today_usd, found.month_usd) == (Decimal("1.20"), Decimal("8.40"))
    assert [row.account.alias for row in found.capped] == ["beta"]


def test_reasons_carry_their_variants_and_dollars(fleet: tuple[Shard, Shard]) -> None:
    found = {row.why: (row.variants, row.metrics) for row in observer.read(ScopeFilter(), now=NOON).cadences}
    assert found == {"busy": (2, 100_000), "idle": (1, 10_000), "probe": (0, 10_000)}


def test_parts_count_as_a_steady_cost_with_words_of_their_own(fleet: tuple[Shard, Shard]) -> None:
    before = observer.read(ScopeFilter(), now=NOON).steady
    MetricSpend.objects.create(shard=fleet[0], day=TODAY, why="parts", metrics=5_000)
    assert observer.read(ScopeFilter(), now=NOON).steady == before + 5_000
    rows = {str(row[0]): row for row in panel(observer.read(ScopeFilter(), now=NOON)).cadences.rows}
    assert rows["Parts"][1:5] == ("each hour", "containers and inference components one by one", "", "5,000")


def test_forecast_takes_yesterday_as_a_steady_day_and_history_as_paid_once(
    fleet: tuple[Shard, Shard],
) -> None:
    found = observer.read(ScopeFilter(), now=NOON)
    assert (found.yesterday, found.days_left) == (220_000, 9)
    # 840,000 so far, 100,000 more today, nine days of 220,000.
    assert found.forecast_usd == Decimal("29.20")


def test_without_yesterday_today_is_stretched_and_its_first_hour_says_nothing(
    fleet: tuple[Shard, Shard],
) -> None:
    MetricSpend.objects.filter(day=YESTERDAY).delete()
    assert observer.read(ScopeFilter(), now=NOON).per_day == 240_000
    early = NOON.replace(hour=0, minute=30)
    assert observer.read(ScopeFilter(), now=early).forecast_usd is None


def test_saving_is_against_every_metric_each_five_minutes(fleet: tuple[Shard, Shard]) -> None:
    found = observer.read(ScopeFilter(), now=NOON)
    # 16 metrics of a serverless variant, 20 with provisioned concurrency, 14 on an instance without GPU.
    assert found.polled == 16 + 20 + 14
    assert found.polling_usd == Decimal(50 * 144) / 100_000
    assert found.saved_usd == found.polling_usd - Decimal("1.20")


def test_history_is_told_before_it_is_paid(fleet: tuple[Shard, Shard], settings: Settings) -> None:
    settings.BACKFILL_DAYS = 30
    one, two = fleet
    # From midnight thirty days ago to noon: 732 hours in slices of 200.
    assert observer.read(ScopeFilter(), now=NOON).history_left == (36 + 14) * 4
    Shard.objects.filter(pk=one.pk).update(
        backfill_from=NOON - timedelta(days=30),
        backfill_until=NOON,
        backfill_done_until=NOON - timedelta(hours=300),
    )
    Shard.objects.filter(pk=two.pk).update(
        backfill_from=NOON - timedelta(days=30), backfill_until=NOON, backfill_done_until=NOON
    )
    assert observer.read(ScopeFilter(), now=NOON).history_left == 36 * 2


def test_on_the_day_of_connection_only_the_time_since_is_compared(fleet: tuple[Shard, Shard]) -> None:
    Account.objects.update(created_at=NOON - timedelta(hours=6))
    assert observer.read(ScopeFilter(), now=NOON).polling_usd == Decimal(50 * 72) / 100_000


def test_a_scope_narrows_everything(fleet: tuple[Shard, Shard]) -> None:
    found = observer.read(ScopeFilter(accounts=("444455556666",)), now=NOON)
    assert ([row.account.alias for row in found.accounts], found.today, found.polled) == (
        ["beta"],
        10_000,
        14,
    )


def test_panel_says_which_account_waits_and_takes_eight_queries(
    fleet: tuple[Shard, Shard], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(8):
        shown = panel(observer.read(ScopeFilter(), now=NOON))
    assert shown.sentence.startswith("Metrics of beta wait until 00:00 UTC")
    assert shown.accounts.rows[0][:3] == ("alpha", "1.10", "50.00")


def test_sync_page_shows_the_panel(fleet: tuple[Shard, Shard], client: Client) -> None:
    client.force_login(User.objects.create_user("viewer", role="viewer"))
    page = client.get("/sync/").content.decode()
    assert "Observer cost" in page
    assert "had traffic within the hour" in page


def test_asking_for_bills_stands_apart_from_metrics(fleet: tuple[Shard, Shard]) -> None:
    assert "Cost Explorer this month" not in [
        tile.label for tile in panel(observer.read(ScopeFilter(), now=NOON)).tiles
    ]
    for day, calls in ((YESTERDAY, 2), (TODAY, 3), (date(2026, 10, 31), 9)):
        CallTally.objects.create(shard=fleet[0], day=day, action="ce:GetCostAndUsage", calls=calls)
    found = observer.read(ScopeFilter(), now=NOON)
    assert (found.bills, found.bills_usd, found.month_usd) == (5, Decimal("0.05"), Decimal("8.40"))
    (tile,) = [
        tile
        for tile in panel(observer.read(ScopeFilter(), now=NOON)).tiles
        if tile.label == "Cost Explorer this month"
    ]
    assert (tile.number, tile.note) == ("$0.05", "5 requests")
