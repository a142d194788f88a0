"""The Sync page of two thousand account regions: one panel per reason, a table in pages, the same few queries."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from fleet.models import Account, AuditEntry, CallTally, Shard
from fleet.queries import sync
from fleet.queries.scope import ScopeFilter
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db

POLL = {"HX-Request": "true", "HX-Target": "sync-shards"}
ACCOUNTS, REGIONS = 100, 20
DENIED = "AccessDeniedException"


@pytest.fixture
def viewer(client: Client) -> Client:
    """A signed-in viewer."""
    client.force_login(rows.user())
    return client


@pytest.fixture
def operator(client: Client) -> Client:
    """A signed-in operator."""
    client.force_login(rows.user("operator"))
    return client


def sections(action: str = "", account: str = "") -> dict[str, Any]:
    """Five parts, all good or one of them denied, in AWS's words that name the account."""
    now = rows.now().isoformat()
    good = {"ok_at": now, "tried_at": now, "duration_ms": 40, "error": None}
    found: dict[str, Any] = dict.fromkeys(("inventory", "scaling", "quotas", "metrics", "tags"), good)
    if action:
        words = f"User: arn:aws:sts::{account}:assumed-role/Reader is not authorized to perform: {action}"
        error = {"kind": "AccessDenied", "code": DENIED, "message": words, "action": action, "request_id": "r-1",
                 "since": now}  # fmt: skip
        found["tags"] = {**good, "ok_at": None, "error": error}
    return found


def company(accounts: int = ACCOUNTS, regions: int = REGIONS, denied: int = 15) -> None:
    """So many account regions; the tags of the first `denied` accounts may not be read."""
    made = Account.objects.bulk_create(
        Account(account_id=f"{n:012}", alias=f"account-{n:03}") for n in range(accounts)
    )
    hour, now = rows.hour(), rows.now()
    shards = Shard.objects.bulk_create(
        Shard(
            account=account,
            region=f"eu-test-{region}",
            inventory_ok_at=now,
            metrics_ok_at=now,
            last_duration_ms=800,
            sections=sections("tag:GetResources" if n < denied else "", account.account_id),
            backfill_from=hour - timedelta(days=30),
            backfill_until=hour,
            backfill_done_until=hour - timedelta(days=15 if n < 3 else 0),
        )
        for n, account in enumerate(made)
        for region in range(regions)
    )
    CallTally.objects.bulk_create(
        CallTally(shard=shard, day=now.date(), action=action, calls=10)
        for shard in shards
        for action in ("sagemaker:ListEndpoints", "tag:GetResources")
    )


def words(client: Client, query: str = "", name: str = "sync:page", args: tuple[int, ...] = ()) -> str:
    return rows.words(client.get(reverse(name, args=args) + query).content.decode())


def test_a_permission_missing_in_three_hundred_places_is_one_panel_that_lists_them(viewer: Client) -> None:
    company()
    page = viewer.get(reverse("sync:page")).content.decode()
    assert page.count("not authorized to perform: tag:GetResources") == 1
    assert page.count('<tr id="shard-') == 50
    text = rows.words(page)
    assert "300 of 2,000 account regions cannot be read in full, all for one reason" in text
    assert "300 account regions: tags could not be read" in text
    assert "Allow tag:GetResources in the role's policy" in text
    assert "288 more" in text
    assert "1 – 50 of 2000 account regions" in text
    assert "60 account regions 50 %" in text, "the histories are one progress"
    assert "All 2000 Failing 300 Up to date 1700 History under way 60" in text


def test_the_table_is_narrowed_by_state_cause_and_words(viewer: Client) -> None:
    company(accounts=10, regions=4, denied=2)
    assert "1 – 8 of 8 account regions" in words(viewer, "?state=failed")
    assert "1 – 8 of 8 account regions" in words(viewer, f"?cause={DENIED}/tag:GetResources")
    assert "1 – 2 of 2 account regions" in words(viewer, "?state=failed&q=eu-test-3")
    assert "1 – 4 of 4 account regions" in words(viewer, "?q=000000000007")
    assert "1 – 4 of 4 account regions" in words(viewer, "?account=000000000007")
    assert "No account region matches" in words(viewer, "?q=nowhere")
    assert "1 – 40 of 40" in words(viewer, "?state=absurd&page=99&cause=&reading=x&since=²")


def test_queries_do_not_grow_with_the_fleet_and_a_poll_is_small(viewer: Client) -> None:
    company(accounts=3, regions=2, denied=1)
    viewer.get(reverse("sync:page"))
    with CaptureQueriesContext(connection) as few:
        viewer.get(reverse("sync:page"))
    Account.objects.all().delete()
    company()
    with CaptureQueriesContext(connection) as many:
        viewer.get(reverse("sync:page"))
    assert len(many) == len(few)
    with CaptureQueriesContext(connection) as polled:
        answer = viewer.get(reverse("sync:page"), headers=POLL)
    assert len(polled) <= 8
    assert len(answer.content) < 150_000
    assert "Observer cost" not in answer.content.decode()


def test_the_page_of_one_region_tells_each_part_with_its_time_and_awss_words(viewer: Client) -> None:
    company(accounts=1, regions=1, denied=1)
    shard = Shard.objects.get()
    Shard.objects.update(inventory_due_at=timezone.now() + timedelta(minutes=12, seconds=30), failures=4)
    text = words(viewer, name="sync:detail", args=(shard.pk,))
    assert "1 of 5 parts cannot be read" in text
    assert "not authorized to perform: tag:GetResources" in text
    assert "Allow tag:GetResources" in text
    assert "the next turn comes in 12 min" in text
    assert "Today took 20 calls" in text
    assert "Tags Failed AccessDeniedException" in text
    assert "40 ms" in text
    assert viewer.get(reverse("sync:detail", args=[shard.pk + 1])).status_code == 404


def test_parts_that_fail_for_one_reason_share_a_panel(viewer: Client) -> None:
    company(accounts=1, regions=1, denied=1)
    shard = Shard.objects.get()
    Shard.objects.update(sections={**shard.sections, "scaling": shard.sections["tags"]})
    page = viewer.get(reverse("sync:detail", args=[shard.pk])).content.decode()
    assert page.count("not authorized to perform: tag:GetResources") == 1
    assert "Scaling, Tags could not be read since" in rows.words(page)


def test_an_operator_retries_all_that_fails_in_the_scope_and_it_is_audited(operator: Client) -> None:
    company(accounts=4, regions=2, denied=2)
    answer = operator.post(reverse("sync:retry-failing") + "?account=000000000001")
    assert answer.status_code == 303
    assert "account=000000000001&reading=failing&since=" in answer["Location"]
    due = Shard.objects.exclude(inventory_due_at=None)
    assert {shard.account.account_id for shard in due} == {"000000000001"}
    assert all(shard.metrics_due_at == shard.backfill_due_at == shard.inventory_due_at for shard in due)
    entry = AuditEntry.objects.get(action="shard.retry_failing")
    assert entry.after["shards"] == ["account-001 · eu-test-0", "account-001 · eu-test-1"]
    watched = operator.get(answer["Location"], headers=POLL)
    assert "every 5s" in watched.content.decode()
    Shard.objects.update(sections=sections())
    Shard.objects.update(backfill_done_until=rows.hour())
    assert operator.get(answer["Location"], headers=POLL).status_code == 286


def test_a_viewer_cannot_retry_and_sees_why(viewer: Client) -> None:
    company(accounts=1, regions=2, denied=1)
    assert viewer.post(reverse("sync:retry-failing")).status_code == 403
    assert not Shard.objects.exclude(inventory_due_at=None).exists()
    assert not AuditEntry.objects.exists()
    assert "Retry all failing : needs the role operator" in words(viewer)


def test_retrying_nothing_changes_nothing(operator: Client) -> None:
    company(accounts=1, regions=2, denied=0)
    assert operator.post(reverse("sync:retry-failing")).status_code == 303
    assert not AuditEntry.objects.exists()
    assert operator.get(reverse("sync:retry-failing")).status_code == 405


def test_causes_are_few_whatever_the_words_say() -> None:
    company(accounts=5, regions=2, denied=5)
    found = sync.fleet(ScopeFilter(), now=rows.now(), late_after=timedelta(minutes=10))
    (cause,) = sync.causes(found.places)
    assert (len(cause.shard_ids), cause.sections) == (10, ["tags"])
