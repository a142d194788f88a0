"""A look at the fleet: what is kept, what is renewed, what is true no more, and that one is under way at a time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from fleet.advice import runs, set_choices, store
from fleet.advisor import engine
from fleet.advisor.advice import Advice as Found
from fleet.advisor.advice import Alternative, Decision, Effort, Line, Missing, Proposal, Risk, Severity
from fleet.advisor.engine import Review
from fleet.models import (
    Advice,
    AdvisorRun,
    AuditEntry,
    ConsolidationSet,
    Container,
    Endpoint,
    HostedModel,
    HourBucket,
    Shard,
    VariantStatus,
)
from fleet.operations.kinds import OperationKind
from fleet.queries import advice_evidence
from tests.data.advice import cast
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def place() -> Shard:
    return rows.shard("us-east-1")


def look(at: datetime | None = None) -> AdvisorRun:
    return runs.look(lambda: at or timezone.now())


def test_what_rules_find_is_kept_with_its_evidence_saving_and_form(place: Shard) -> None:
    chat, old = cast.too_large(place), cast.idle(place, count=2)
    run = look()
    assert (run.endpoints, run.failed) == (2, 0)
    assert run.advice == Advice.objects.filter(gone_at=None).count()
    memory = cast.said(chat, "memory-too-large")
    assert memory.operation_kind == "change-memory"
    assert memory.operation_fields == {"memory_mb": "1024"}
    assert memory.state == Advice.State.OPEN
    assert any("MemoryUtilization" in source for _, _, source in memory.evidence)
    # 360 s and half a millisecond of 360 calls an hour × 730 h, at $0.00008 and at $0.00002 a second.
    month = Decimal("360.18") * 730
    assert memory.saving_high is not None
    assert memory.saving_high <= month * Decimal("1.25") * Decimal("0.00006") + Decimal("0.000001")
    gone = cast.said(old, "idle")
    # Two ml.m5.large at $0.115 an hour, 730 h.
    assert gone.saving_high == Decimal("167.9")
    assert gone.runbook


def test_a_second_look_renews_and_adds_nothing(place: Shard) -> None:
    old = cast.idle(place)
    look()
    first = cast.said(old, "idle")
    count = Advice.objects.count()
    look()
    again = cast.said(old, "idle")
    assert Advice.objects.count() == count
    assert again.pk == first.pk
    assert again.first_seen_at == first.first_seen_at
    assert again.last_seen_at > first.last_seen_at


def test_what_is_true_no_more_is_gone_and_comes_back_as_new(place: Shard) -> None:
    old = cast.idle(place)
    look()
    first = cast.said(old, "idle").first_seen_at
    Endpoint.objects.filter(pk=old.pk).update(last_call_at=rows.hour())
    look()
    assert cast.said(old, "idle").gone_at is not None
    Advice.objects.filter(endpoint=old, rule="idle").update(state=Advice.State.DONE)
    Endpoint.objects.filter(pk=old.pk).update(last_call_at=rows.hour() - timedelta(days=40))
    look()
    back = cast.said(old, "idle")
    assert back.gone_at is None
    assert back.first_seen_at > first
    assert back.state == Advice.State.OPEN


def test_a_rule_that_lacks_figures_takes_nothing_back(place: Shard) -> None:
    old = cast.idle(place)
    look()
    Endpoint.objects.filter(pk=old.pk).update(last_call_at=None, activity=Endpoint.Activity.CANNOT_TELL)
    look()
    assert cast.said(old, "idle").gone_at is None


def test_a_closed_endpoint_is_advised_no_more(place: Shard) -> None:
    old = cast.idle(place)
    look()
    Endpoint.objects.filter(pk=old.pk).update(closed_at=timezone.now())
    look()
    assert not Advice.objects.filter(gone_at=None).exists()


def test_a_dismissal_ends_by_its_day_and_by_a_newer_rule(place: Shard) -> None:
    old = cast.idle(place)
    look()
    mine = Advice.objects.filter(endpoint=old, rule="idle")
    today = timezone.now().date()
    for until, version, expected in (
        (today + timedelta(days=9), 1, Advice.State.DISMISSED),
        (None, 1, Advice.State.DISMISSED),
        (today, 1, Advice.State.OPEN),
        (None, 0, Advice.State.OPEN),
    ):
        mine.update(state=Advice.State.DISMISSED, dismissed_until=until, dismissed_version=version)
        look()
        assert mine.get().state == expected, (until, version)


def test_an_endpoint_that_breaks_a_rule_keeps_what_was_said_and_stops_nobody(
    place: Shard, caplog: pytest.LogCaptureFixture
) -> None:
    cast.idle(place, "a"), cast.idle(place, "b")
    now = timezone.now()
    known = advice_evidence.of(
        list(Endpoint.objects.values_list("pk", flat=True)), now, advice_evidence.surroundings(now)
    )
    # window_days is a number to every rule: text breaks the first that asks for it.
    object.__setattr__(known[0].evidence, "window_days", "fourteen")
    reviews, broken = runs.judge(known)
    assert broken == 1
    assert list(reviews) == [known[1].endpoint.pk]


def test_writing_the_same_chunk_again_changes_nothing(place: Shard) -> None:
    old = cast.idle(place)
    now = timezone.now()
    evidence = advice_evidence.of([old.pk], now, advice_evidence.surroundings(now))[0].evidence
    review = {old.pk: engine.review(evidence)}
    store.write(review, now)
    before = list(Advice.objects.values())
    assert store.write(review, now).gone == 0
    assert list(Advice.objects.values()) == before
    assert store.write({old.pk: Review((), ())}, now).gone == len(before)


def test_advice_that_says_something_else_is_renewed_in_every_column(place: Shard) -> None:
    old = cast.idle(place)
    first, later = timezone.now() - timedelta(hours=1), timezone.now()
    evidence = advice_evidence.of([old.pk], later, advice_evidence.surroundings(later))[0].evidence
    found = engine.review(evidence).advice[0]
    store.write({old.pk: Review((found,), ())}, first)
    other = Alternative("r", "t", Decimal("0.1"), None, "w")
    changed = Found(
        rule=found.rule, version=found.version + 1, decision=Decision.LIMIT, severity=Severity.NOTE,
        effort=Effort.LARGE, risk=Risk.HIGH, title='it\'s "new" – 100 %', why="because", source="page",
        evidence=(Line("é", "\\n", "s"),), undo="none", is_irreversible=True, saving_low=Decimal("-0.000001"),
        saving_high=Decimal("12345678901.123456"), proposal=Proposal(OperationKind.DELETE_SPLIT, {"a": "1"}),
        runbook=("one", "two"), missing=(Missing("what", "takes"),), alternatives=(other,), to="x" * 200,
    )  # fmt: skip
    store.write({old.pk: Review((changed,), ())}, later)
    row = Advice.objects.get()
    assert (row.version, row.decision, row.severity, row.effort, row.risk) == (
        changed.version, Decision.LIMIT.value, int(Severity.NOTE), int(Effort.LARGE), int(Risk.HIGH),
    )  # fmt: skip
    assert (row.title, row.why, row.source, row.undo) == (changed.title, "because", "page", "none")
    assert (row.is_irreversible, row.to, row.runbook) == (True, "x" * 128, ["one", "two"])
    assert (row.saving_low, row.saving_high) == (changed.saving_low, changed.saving_high)
    assert (row.operation_kind, row.operation_fields) == (OperationKind.DELETE_SPLIT.value, {"a": "1"})
    assert (row.evidence, row.missing) == ([["é", "\\n", "s"]], [["what", "takes"]])
    assert row.alternatives == [{"rule": "r", "title": "t", "low": "0.1", "high": None, "why": "w"}]
    assert (row.first_seen_at, row.last_seen_at, row.state) == (first, later, Advice.State.OPEN)


def test_any_number_of_endpoints_costs_as_many_queries(place: Shard) -> None:
    def asked() -> int:
        now = timezone.now()
        ids = list(Endpoint.objects.values_list("pk", flat=True))
        about = advice_evidence.surroundings(now)
        with CaptureQueriesContext(connection) as queries:
            assert len(advice_evidence.of(ids, now, about)) == len(ids)
        return len(queries)

    cast.too_large(place, "a"), cast.idle(place, "b")
    few = asked()
    other = rows.shard("eu-west-1", "dev", "444455556666")
    for n in range(4):
        cast.too_large(other, f"c{n}"), cast.idle(place, f"d{n}")
    assert asked() == few


def test_hours_of_a_variant_come_in_order_with_gaps(place: Shard) -> None:
    found = rows.serverless(place, "gappy")
    at = rows.hour()
    for n in (9, 2, 5):
        rows.hour_bucket(
            found, at - timedelta(hours=n), invocations=float(n), concurrency_utilization_max=1.0
        )
    now = timezone.now()
    variant = rows.variant(found)
    read = advice_evidence.hours.read([(variant.pk, False)], now)[variant.pk]
    assert list(read.calls) == [9.0, 5.0, 2.0]
    assert [read.at[n + 1] - read.at[n] for n in (0, 1)] == [4, 3]
    assert (list(read.used), read.most_used) == ([1.0, 1.0, 1.0], 1.0)
    assert (list(read.minutes), list(read.cpu_pct)) == ([], []), "no hour reported any"
    rows.minute_bucket(found, at - timedelta(hours=2), concurrency_utilization_max=1.0)
    rows.minute_bucket(found, at - timedelta(hours=2, minutes=-1), concurrency_utilization_max=0.5)
    assert advice_evidence.hours.full_minutes([variant.pk], now) == {variant.pk: 1.0}


def test_hours_are_read_by_variant_and_never_by_one_scan_of_the_fleet(place: Shard) -> None:
    found = rows.serverless(place, "one-of-many")
    rows.hour_bucket(found, rows.hour() - timedelta(hours=2), invocations=1.0)
    pk = rows.variant(found).pk
    with CaptureQueriesContext(connection) as asked:
        advice_evidence.hours.read([(pk, False)], timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(f"EXPLAIN {asked[0]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Nested Loop" in plan
    assert "Hash Join" not in plan
    assert "Merge Join" not in plan


def test_while_history_comes_in_the_next_look_is_near(place: Shard) -> None:
    cast.idle(place)
    now = timezone.now()
    assert runs.is_due(now)
    assert runs.claim(now)
    look(now)
    assert AdvisorRun.objects.get().due_at == now + runs.EVERY
    Shard.objects.update(backfill_done_until=rows.hour() - timedelta(days=40))
    look(now)
    assert AdvisorRun.objects.get().due_at == now + runs.SOON


def test_one_look_is_claimed_once_until_it_is_due_again(place: Shard) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert not runs.is_due(now), "there is no endpoint to look at"
    rows.serverless(place, "chat")
    assert runs.is_due(now)
    assert runs.claim(now)
    assert not runs.is_due(now)
    assert not runs.claim(now + timedelta(minutes=1))
    # An hour later it is due, though the last one never ended: its worker died.
    assert runs.claim(now + runs.EVERY)
    AdvisorRun.objects.update(ended_at=now + runs.EVERY + timedelta(minutes=1))
    admin = rows.user("admin", None)
    runs.ask(actor=admin, now=now + runs.EVERY + timedelta(minutes=2))
    assert runs.claim(now + runs.EVERY + timedelta(minutes=2))
    assert AuditEntry.objects.get(action="advisor.asked").actor == admin


def test_asking_during_a_look_starts_no_second_one(place: Shard) -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    rows.serverless(place, "chat")
    assert runs.is_due(now)
    assert runs.claim(now)
    runs.ask(actor=rows.user("admin", None), now=now + timedelta(minutes=1))
    assert not runs.claim(now + timedelta(minutes=1))
    assert runs.claim(now + runs.DEAD_AFTER + timedelta(minutes=1))


def test_endpoints_alike_are_offered_to_share(place: Shard) -> None:
    for name in ("a", "b", "c"):
        found = cast.idle(place, name)
        variant = rows.variant(found)
        VariantStatus.objects.filter(pk=variant.pk).update(instance_type="ml.m5.large")
        HourBucket.objects.filter(variant_id=variant.pk).update(invocations=2.0, model_latency_ms_sum=400.0)
        model = HostedModel.objects.create(
            shard=place, name=f"{name}-model", arn="arn", created_at=rows.now(), document={}
        )
        Container.objects.create(model=model, position=0, image="1.dkr.ecr.us-east-1.amazonaws.com/one:1")
        Endpoint.objects.filter(pk=found.pk).update(last_call_at=rows.hour(), activity="active")
    look()
    shared = ConsolidationSet.objects.get(gone_at=None)
    assert set(shared.members) == set(Endpoint.objects.values_list("pk", flat=True))
    assert shared.saving_low is not None
    assert shared.saving_low > 0
    # The next look tells each member, with its own part of the saving.
    look()
    told = list(Advice.objects.filter(rule="share-multi-model", gone_at=None))
    assert len(told) == 3
    assert shared.saving_high is not None
    parts = [sum(each.saving_low or 0 for each in told), sum(each.saving_high or 0 for each in told)]
    assert parts == [pytest.approx(shared.saving_low), pytest.approx(shared.saving_high)]
    # Put aside, nobody is told; a member that was not in it then ends that, and so does its day.
    admin, now = rows.user("admin", None), timezone.now()
    assert set_choices.dismiss(
        shared.pk, reason="no", until=now.date() + timedelta(days=1), actor=admin, now=now
    )
    look()
    assert not Advice.objects.filter(rule="share-multi-model", gone_at=None).exists()
    assert ConsolidationSet.objects.get(gone_at=None).dismissed_at is not None
    ConsolidationSet.objects.update(members=shared.members[:2])
    look()
    assert ConsolidationSet.objects.get(gone_at=None).dismissed_at is None
    ConsolidationSet.objects.update(dismissed_at=now, dismissed_until=now.date())
    look()
    assert ConsolidationSet.objects.get(gone_at=None).dismissed_at is None
    Endpoint.objects.update(closed_at=timezone.now())
    look()
    assert ConsolidationSet.objects.get().gone_at is not None
