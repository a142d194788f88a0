"""Every page at desktop and phone width, light and dark: accessible, inside its frame, without a console error."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SignIn, Watch

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/endpoints/",
    "/costs/",
    "/costs/?range=7d&group=tag&sort=-change",
    "/costs/?range=custom&from=x&to=2026-01-01&region=us-east-1",
    "/costs/chart/?range=30d&group=region",
    "/costs/explain/",
    "/costs/billed/",
    "/costs/savings-plans/?one_year=25&three_year=50&commitment=1.5",
    "/budgets/",
    "/budgets/new/",
    "/prices/",
    "/prices/new/price/",
    "/prices/new/commitment/",
    "/prices/of/us-east-1/instance-time/ml.m5.xlarge/",
    "/cold-starts/",
    "/cache/",
    "/advisor/",
    "/advisor/sharing/",
    "/advisor/ledger/",
    "/advisor/new-workload/?is_offline=no&latency=interactive&payload=small&pattern=sustained&models=1",
    "/operations/",
    "/scaling/",
    "/alerts/",
    "/quotas/",
    "/batch/",
    "/batch/1/",
    "/endpoints/1/data-sizes/",
    "/endpoints/1/goals/",
    "/endpoints/1/what-if/?hosting=serverless&memory_mb=2048&max_concurrency=10&days=weekdays",
    "/endpoints/1/what-if/?hosting=instances&instance_type=ml.c5.large&instance_count=2",
    "/orphans/",
    "/orphans/?what=models",
    "/sync/",
    "/audit/",
    "/settings/",
    "/settings/accounts/new/",
    "/settings/accounts/1/",
    "/settings/accounts/1/permissions/",
    "/settings/tokens/",
    "/api/v1/docs",
)
PARTS = (
    ("chat-faq", "tab/cold-starts"),
    ("ranker", "tab/configuration"),
    ("search-rt", "tab/advice"),
    ("ranker", "tab/options"),
    ("search-rt", "tab/options"),
    ("ocr-async", "tab/async"),
    ("ocr-async", "tab/scaling"),
    ("video-async", "change-schedule/?way=bounds&minimum=1&maximum=4"),
    ("churn-mce", "tab/containers"),
    ("llm-ic", "tab/components"),
    ("persona-mme", "tab/cache"),
    ("persona-mme", "hosted-models"),
    ("persona-mme", "change-instances/?instance_type=ml.r5.xlarge&instance_count=2"),
    ("persona-mme", "split-models/?instance_count=1"),
    ("vision-rt", "tab/built-from"),
    ("shadow-ranker-rt", "tab/ownership"),
    ("address-parser", "planner"),
    ("address-parser", "planner/?budget=50&cold=0.1&worth=x"),
    ("address-geocode-eu", "planner"),
    ("search-rt", "planner"),
    ("chat-faq", "change-memory"),
    ("ranker", "change-schedule"),
    ("ranker", "change-schedule/?way=track&goal=70&minimum=1&maximum=6"),
    ("ranker", "change-schedule/?way=week&lines=cron(58 7 ? * MON-FRI *) 4%0Acron(0 18 ? * * *) 1"),
    ("search-rt", "change-schedule"),
    ("search-rt", "change-schedule/?way=one"),
)
"""An endpoint of each kind, and the tab or the form that only it has or that no other test opens."""


def parts(page: Page) -> list[str]:
    """The addresses of PARTS."""
    lists = page.request.get("/endpoints/").text() + page.request.get("/endpoints/?page=2").text()
    found = []
    for name, part in PARTS:
        link = re.search(rf'href="(/endpoints/\d+/)[^"]*"[^>]*><span[^>]*title="{name}"', lists)
        assert link is not None, name
        found.append(f"{link[1]}{part}" + "/" * ("?" not in part))
    return found


def violations(page: Page, axe_source: str, watch: Watch) -> list[str]:
    """axe's findings as "rule: selectors". axe itself tries inline styles, which the policy refuses and logs."""
    watch.is_paused = True
    page.evaluate(axe_source)
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    watch.is_paused = False
    return [f"{v['id']}: {[n['target'] for n in v['nodes'][:3]]}" for v in found]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (1440, True), (390, False), (390, True)])
def test_every_page_is_accessible_and_fits_its_window(
    sign_in: SignIn, watch: Watch, axe_source: str, width: int, dark: bool
) -> None:
    page = sign_in("admin", width=width, dark=dark)
    problems: dict[str, object] = {}
    for path in (*PATHS, *parts(page)):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = violations(page, axe_source, watch)
        if overflow(page) > 0:
            found.append(f"{overflow(page)} px wider than the window")
        if found:
            problems[path] = found
    assert problems == {}
