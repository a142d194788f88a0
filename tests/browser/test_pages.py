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
    "/costs/explain/",
    "/costs/billed/",
    "/costs/savings-plans/?one_year=25&three_year=50&commitment=1.5",
    "/budgets/",
    "/budgets/new/",
    "/prices/",
    "/prices/new/price/",
    "/prices/of/us-east-1/instance-time/ml.m5.xlarge/",
    "/cold-starts/",
    "/cache/",
    "/operations/",
    "/scaling/",
    "/alerts/",
    "/quotas/",
    "/batch/",
    "/batch/1/",
    "/endpoints/1/data-sizes/",
    "/endpoints/1/what-if/?hosting=serverless&memory_mb=2048&max_concurrency=10&days=weekdays",
    "/endpoints/1/what-if/?hosting=instances&instance_type=ml.c5.large&instance_count=2",
    "/orphans/",
    "/orphans/?what=models",
    "/sync/",
    "/audit/",
    "/settings/",
    "/settings/accounts/new/",
    "/settings/accounts/1/permissions/",
    "/settings/tokens/",
    "/api/v1/docs",
)
TABS = (
    ("chat-faq", "cold-starts"),
    ("ranker", "configuration"),
    ("ranker", "options"),
    ("search-rt", "options"),
    ("ocr-async", "async"),
    ("churn-mce", "containers"),
    ("llm-ic", "components"),
    ("persona-mme", "cache"),
    ("vision-rt", "built-from"),
    ("shadow-ranker-rt", "ownership"),
)
"""An endpoint of each kind, and the tab that only it has or that no other test opens."""


def tabs(page: Page) -> list[str]:
    """The addresses of TABS."""
    lists = page.request.get("/endpoints/").text() + page.request.get("/endpoints/?page=2").text()
    found = []
    for name, tab in TABS:
        link = re.search(rf'href="(/endpoints/\d+/)[^"]*"[^>]*><span[^>]*title="{name}"', lists)
        assert link is not None, name
        found.append(f"{link[1]}tab/{tab}/")
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
    for path in (*PATHS, *tabs(page)):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = violations(page, axe_source, watch)
        if overflow(page) > 0:
            found.append(f"{overflow(page)} px wider than the window")
        if found:
            problems[path] = found
    assert problems == {}
