"""The analyst's walk: overview, what rose, drill to the endpoint, why, a budget, and the mail about it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.demo import Demo, eventually
from tests.browser.test_story import mail, text_of

pytestmark = pytest.mark.browser


RISEN = "vision-rt"
"""The endpoint of the demo whose instances were doubled four days ago."""


def what_rose_is_there(page: Page) -> bool:
    """Reload until the rise is found; the history of 30 days arrives in the first minutes."""
    page.reload()
    return page.locator("#cost-rose tbody tr", has_text=RISEN).count() > 0


def test_from_the_overview_to_what_rose_and_why_and_a_budget_that_mails(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in("operator")
    to_what_rose = page.get_by_role("link", name="What rose", exact=True)
    # The sentence compares yesterday with a week before it: the days of both have to be priced first.
    eventually(lambda: page.reload() and to_what_rose.count(), within_s=240, every_s=3)
    to_what_rose.click()
    eventually(lambda: what_rose_is_there(page), within_s=240, every_s=3)
    expect(page.locator(".sentence")).to_contain_text("so far this month")
    expect(page.locator(".tiles")).to_contain_text("Forecast")

    row = page.locator("#cost-rose tbody tr", has_text=RISEN)
    expect(row).to_contain_text("ml.g5.xlarge instances rose from 1 to 2 since")
    name = row.locator(".row-link").inner_text().strip()
    row.locator(".row-link").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    expect(page.locator("main")).to_contain_text("ml.g5.xlarge")
    page.get_by_role("link", name="Timeline", exact=True).click()
    expect(page.locator("main")).to_contain_text("Created")
    assert mail(demo, rf"^\[warning\] {RISEN} us-east-1: cost \$\d+\.\d\d instead of \$\d+")

    page.get_by_role("link", name="Budgets", exact=True).first.click()
    page.get_by_role("link", name="New budget").click()
    page.get_by_label("Name", exact=True).fill("Analyst")
    page.get_by_label("Amount, $").fill("0")
    page.get_by_label("Endpoints").fill(name)
    page.get_by_label("Another address").fill("finops@example.com")
    expect(page.locator("#budget-matches")).to_contain_text("Matches 1 endpoint")
    page.get_by_role("button", name="Make budget").click()
    expect(page.locator("#field-amount_usd")).to_contain_text("A budget must be above $0.")
    page.get_by_label("Amount, $").fill("0.01")
    page.get_by_role("button", name="Make budget").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Analyst")
    expect(page.locator("main")).to_contain_text("Used up")
    expect(page.locator("#burn-down-plot .main-svg").first).to_be_visible()

    opened = mail(demo, r"^\[warning\] budget Analyst: \$", to="finops@example.com")
    assert f"endpoint {name}" in text_of(opened)
    assert mail(demo, r"^\[warning\] budget Analyst: \$")
