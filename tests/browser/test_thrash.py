"""The owner's walk, whole: a thrashing cache, its mail, what would help, the change, and the mail that it is over.

Nothing waits for minutes to pass: the simulated AWS begins three hours ago and its clock is moved on, so that what
comes after the change is measured by the time somebody looks. Web server, AWS and mail server are real; what the tick
rings for is called with the simulated instant.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from fleet import cache_judging
from fleet.alerts.evaluate import evaluate
from fleet.models import Account, Incident, Shard, User
from fleet.operations import recover
from fleet.sync import prices
from fleet.sync.shard import run_backfill, run_inventory, run_metrics
from fleet.tasks import deliver_notifications, run_operation
from tests.aws.pointed import pointed
from tests.aws.simulator_process import SimulatorProcess
from tests.browser.conftest import Watch
from tests.browser.demo import eventually
from tests.mail_catcher import Catcher, serving

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NAME = "persona-mme"
PASSWORD = "thrash-walk-2026"
BEGINS = timedelta(hours=3)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatorProcess]:
    """One endpoint that thrashes; AWS's clock is three hours behind."""
    with SimulatorProcess("thrashing", update=1) as process, pointed(process, monkeypatch):
        process.advance(-BEGINS.total_seconds())
        yield process


@pytest.fixture
def mails(settings: Any) -> Iterator[list[EmailMessage]]:
    """What a real mail server accepted."""
    catcher = Catcher()
    with serving(catcher) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        yield catcher.accepted


@pytest.fixture
def shard(aws: SimulatorProcess, redis: object, settings: Any) -> Shard:
    """Mirrored with prices and a week of history; an operator who gets mails."""
    settings.BACKFILL_DAYS, settings.OPERATION_POLL_S = 8, 1
    account = Account.objects.create(account_id="111122223333", alias="test")
    found = Shard.objects.create(account=account, region="us-east-1")
    User.objects.create_user("owner", "owner@example.com", PASSWORD, role="operator", receives_alerts=True)
    now = aws.now()
    assert run_inventory(found.pk, now=now).errors == {}
    prices.refresh(now=now)
    while found.backfill_done_until is None or found.backfill_done_until != found.backfill_until:
        assert run_backfill(found.pk, now=now).errors == {}
        found.refresh_from_db()
    return found


@pytest.fixture
def page(live_server: LiveServer, settings: Any, browser: Browser, watch: Watch) -> Iterator[Page]:
    settings.BASE_URL = live_server.url
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    found = context.new_page()
    watch.attach(found)
    yield found
    context.close()


def look(shard: Shard, aws: SimulatorProcess) -> datetime:
    """What the tick rings for: mirror, metrics, judgements, rules, mails."""
    now = aws.now()
    assert run_inventory(shard.pk, now=now).errors == {}
    assert run_metrics(shard.pk, now=now).errors == {}
    cache_judging.judge([shard.pk], now=now)
    evaluate(now=now)
    deliver_notifications()
    return now


def carried_on(page: Page) -> bool:
    """Ring for what is due, as each tick does, and look whether the page says the end."""
    for operation_id in recover.due(timezone.now()):
        run_operation(operation_id)
    page.reload()
    return "AWS applied the change" in page.locator("#operation-state").inner_text()


def hit_ratio(aws: SimulatorProcess, start: datetime, end: datetime) -> float:
    """Of the calls that there were, as AWS alone knows it."""
    (found,) = aws.truth(start, end)["variants"]
    return float(found["cache_hits"]) / float(found["cache_requests"])


def test_a_thrashing_cache_from_its_mail_to_the_mail_that_it_is_over(
    shard: Shard, aws: SimulatorProcess, mails: list[EmailMessage], page: Page
) -> None:
    begun = look(shard, aws)
    (opened,) = mails
    assert f"{NAME} us-east-1" in opened["Subject"]
    body = opened.get_body(("plain",))
    assert body is not None
    link = re.search(r"http://\S+?(/alerts/\d+/)", body.get_content())
    assert link is not None
    page.goto(link[1])
    page.get_by_label("Username").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Open its cache").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(NAME)
    expect(page.locator("main")).to_contain_text("AWS does not publish per-model figures.")

    # It goes on for as long as nobody does anything.
    aws.advance(3600)
    look(shard, aws)
    assert Incident.objects.get().resolved_at is None
    assert len(mails) == 1

    ask = page.get_by_label("How many models does it host?")
    ask.fill("four hundred")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#field-count")).to_contain_text("Enter a whole number from 1")
    page.get_by_label("Hosted models").fill("400")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#what-helps")).to_contain_text("400 hosted models, entered")
    best = page.locator("#what-helps tr.selected")
    expect(best).to_contain_text("Ends the thrashing")
    page.locator("#cache-curve").scroll_into_view_if_needed()
    expect(page.locator("#cache-curve-plot .main-svg").first).to_be_visible()
    wanted = best.locator(".sub").first.inner_text()
    best.get_by_role("link", name=re.compile("Preview")).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text(f"Change instances of {NAME}")
    kind = wanted.partition(" × ")[2]
    expect(page.get_by_label("Instance type")).to_have_value(kind)
    page.get_by_role("button", name="Preview change").click()
    expect(page.locator("main")).to_contain_text("Nothing is sent to AWS before you confirm.")
    page.get_by_label(re.compile("^Reason")).fill("Its cache thrashes")
    changed = aws.now()
    page.get_by_role("button", name="Change instances").click()
    expect(page.locator("#operation-state")).to_contain_text("waiting for a worker")
    eventually(lambda: carried_on(page), within_s=30, every_s=0.5)
    (live,) = aws.holdings()["endpoints"]
    assert kind in str(live["variants"]), "AWS runs what the page says"

    aws.advance(5400)
    now = look(shard, aws)
    before, after = hit_ratio(aws, begun, changed), hit_ratio(aws, changed + timedelta(minutes=5), now)
    assert before < 0.7, "as the fleet file says"
    assert after > 0.9, "more memory, fewer misses"
    assert [str(mail["Subject"]) for mail in mails][1:], Incident.objects.values()
    resolved = mails[1]
    assert resolved["In-Reply-To"] == opened["Message-ID"]
    assert "resolved" in str(resolved["Subject"]).lower()
    page.goto(link[1])
    expect(page.locator("main")).to_contain_text("The condition has not held for 30 min.")
    # The page judged the cache when the models were entered, by a clock ahead of the simulated one.
    cache_judging.judge([shard.pk], now=timezone.now() + cache_judging.EVERY + timedelta(minutes=1))
    page.goto("/cache/?range=1h")
    row = page.locator("tr", has_text=NAME)
    expect(row).to_contain_text(kind)
    expect(row).not_to_contain_text("Thrashing")
    page.goto("/audit/")
    expect(page.locator("main")).to_contain_text("Its cache thrashes")
