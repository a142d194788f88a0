"""Every page at desktop and phone width, light and dark: accessible, inside its frame, without a console error."""

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import SignIn, Watch

pytestmark = pytest.mark.browser

PATHS = (
    "/",
    "/endpoints/",
    "/costs/",
    "/cold-starts/",
    "/cache/",
    "/operations/",
    "/scaling/",
    "/alerts/",
    "/quotas/",
    "/sync/",
    "/audit/",
    "/settings/",
    "/settings/tokens/",
    "/api/v1/docs",
)


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
    for path in PATHS:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = violations(page, axe_source, watch)
        if overflow(page) > 0:
            found.append(f"{overflow(page)} px wider than the window")
        if found:
            problems[path] = found
    assert problems == {}
