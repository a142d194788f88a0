"""The savings ledger: which changes carried out an advice, and what they came to at the traffic that followed."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from fleet.advice import ledger
from fleet.models import Advice, DailyCost, Endpoint, Operation, Saving, SavingLook, UsePeriod
from fleet.queries import advice_ledger
from fleet.queries.scope import ScopeFilter
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
DONE = datetime(2026, 11, 1, 9, tzinfo=UTC)


@pytest.fixture
def chat() -> Endpoint:
    return rows.serverless(rows.shard(), "chat", provisioned_concurrency=2)


def advise(of: Endpoint, rule: str = "memory-too-large", **fields: object) -> Advice:
    common = {
        "endpoint": of, "rule": rule, "version": 1, "decision": "size", "severity": 2, "effort": 0, "risk": 1,
        "title": "Lower its memory to 2 GB", "why": "Half is never used.", "saving_low": Decimal(30),
        "saving_high": Decimal(50), "operation_kind": "change-memory", "operation_fields": {"memory_mb": "2048"},
        "first_seen_at": DONE - timedelta(days=5), "last_seen_at": DONE,
    }  # fmt: skip
    return Advice.objects.create(**{**common, **fields})


def operate(of: Endpoint, memory_mb: int = 2048, at: datetime = DONE, **fields: object) -> Operation:
    common = {
        "code": f"{memory_mb:08x}"[-8:], "form_token": f"t{memory_mb}{at.timestamp()}", "kind": "change-memory",
        "endpoint": of, "parameters": {"memory_mb": memory_mb}, "state": Operation.State.SUCCEEDED, "planned_at": at,
        "finished_at": at,
    }  # fmt: skip
    return Operation.objects.create(**{**common, **fields})


def spend(of: Endpoint, first: int, last: int, **parts: str) -> None:
    """Daily amounts of days relative to the change's."""
    for n in range(first, last + 1):
        day = DONE.date() + timedelta(days=n)
        for component, amount in parts.items():
            DailyCost.objects.create(
                endpoint=of, variant=rows.variant(of), day=day, component=component.replace("_", "-"), item="4096",
                quantity=1, unit="second", usd_per_unit=1, amount=Decimal(amount), confidence="estimated",
                computed_at=timezone.now(), data_until=timezone.now(),
            )  # fmt: skip


def call(of: Endpoint, first: int, last: int, calls: float) -> None:
    for n in range(first, last + 1):
        day = DONE.date() + timedelta(days=n)
        UsePeriod.objects.create(grain="day", first=day, endpoint=of, variant=rows.variant(of), calls=calls)


def test_a_change_with_the_proposed_values_is_followed_once(chat: Endpoint) -> None:
    advice, operation = advise(chat), operate(chat)
    assert ledger.follow(DONE + timedelta(hours=1)) == 1
    assert ledger.follow(DONE + timedelta(hours=2)) == 0
    saving = Saving.objects.get()
    assert (saving.operation, saving.advice, saving.expected_low) == (operation, advice, Decimal(30))
    assert Advice.objects.get().state == Advice.State.DONE


@pytest.mark.parametrize(
    "fields",
    [{"memory_mb": 3072}, {"state": Operation.State.ROLLED_BACK}, {"at": DONE - timedelta(days=9)},
     {"kind": "change-concurrency"}],
    ids=["other value", "not applied", "before the advice", "other kind"],
)  # fmt: skip
def test_other_changes_carry_out_no_advice(chat: Endpoint, fields: dict[str, object]) -> None:
    advise(chat)
    operate(chat, **fields)  # type: ignore[arg-type]
    assert ledger.follow(DONE + timedelta(hours=1)) == 0
    assert Advice.objects.get().state == Advice.State.OPEN


def test_a_change_after_the_advice_was_gone_is_somebody_s_own(chat: Endpoint) -> None:
    advise(chat, gone_at=DONE - timedelta(days=1))
    operate(chat)
    assert ledger.follow(DONE + timedelta(hours=1)) == 0


def test_seven_days_after_it_the_saving_is_worked_out_at_the_traffic_that_came(chat: Endpoint) -> None:
    # Before: $2 a day by call. After: twice the calls for $2.50. Without the change it would have been $4 a day:
    # $1.50 a day saved, × 730 h / 24 = $45.625 a month.
    advise(chat)
    operate(chat)
    ledger.follow(DONE + timedelta(hours=1))
    spend(chat, -7, -1, execution_on_demand="2")
    call(chat, -7, -1, 100.0)
    spend(chat, 1, 7, execution_on_demand="2.5")
    call(chat, 1, 7, 200.0)
    assert ledger.look(DONE + timedelta(days=8)) == 0, "the last day's costs are not complete"
    assert ledger.look(DONE + timedelta(days=9, hours=1)) == 1
    assert ledger.look(DONE + timedelta(days=10)) == 0
    look = SavingLook.objects.get()
    assert (look.days, look.times) == (7, 2)
    assert advice_ledger.saved(look) == Decimal("45.625")
    rule = advice_ledger.accuracies(list(advice_ledger.rows(ScopeFilter())))[0]
    assert (rule.judged, rule.kept, rule.share, rule.is_unreliable) == (1, 1, 1, False)


def test_a_day_without_costs_gives_no_figure_and_says_which(chat: Endpoint) -> None:
    advise(chat)
    operate(chat)
    ledger.follow(DONE + timedelta(hours=1))
    spend(chat, -7, -1, kept_warm="1")
    spend(chat, 1, 6, kept_warm="1")
    ledger.look(DONE + timedelta(days=9, hours=1))
    look = SavingLook.objects.get()
    assert look.without is None or look.after is None
    assert look.why_unknown == "8 Nov has no cost line"
    assert advice_ledger.accuracies(list(advice_ledger.rows(ScopeFilter())))[0].share is None


def test_a_rule_that_breaks_its_word_ranks_last(chat: Endpoint) -> None:
    for n in range(3):
        endpoint = rows.serverless(chat.shard, f"e{n}")
        operation = operate(endpoint, memory_mb=1024 + n)
        saving = Saving.objects.create(
            operation=operation, rule="memory-too-large", version=1, title="t", expected_low=30, expected_high=40,
            done_at=DONE,
        )  # fmt: skip
        SavingLook.objects.create(saving=saving, days=7, looked_at=DONE, before=50, without=50, after=45)
    assert advice_ledger.unreliable() == ["memory-too-large"]
    # The look over more days counts: it found what was promised.
    for saving in Saving.objects.all():
        SavingLook.objects.create(saving=saving, days=30, looked_at=DONE, before=50, without=50, after=10)
    assert advice_ledger.unreliable() == []
