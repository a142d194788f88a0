"""The owner's walk: a thrashing cache, its alert, what would help it, and the change that ends it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn
from tests.browser.demo import eventually
from tests.browser.test_story import SETTLES_MS

pytestmark = pytest.mark.browser


def test_a_thrashing_cache_from_its_alert_to_the_change(sign_in: SignIn) -> None:
    page = sign_in("operator", to="/alerts/")
    incident = page.locator("main a", has_text="persona-mme").filter(has_text="hit ratio").first
    eventually(lambda: page.reload() and incident.count(), within_s=240, every_s=2)
    incident.click()
    page.get_by_role("link", name="Open its cache").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("persona-mme")
    expect(page.locator("main")).to_contain_text("AWS does not publish per-model figures.")

    ask = page.get_by_label("How many models does it host?")
    ask.fill("four hundred")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#field-count")).to_contain_text("Enter a whole number from 1")
    page.get_by_label("Hosted models").fill("400")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#what-helps")).to_contain_text("400 hosted models, entered")
    best = page.locator("#what-helps tr.selected")
    # The week of history that a forecast rests on arrives in the first minutes.
    eventually(lambda: page.reload() and best.count(), within_s=240, every_s=3)
    page.locator("#cache-curve").scroll_into_view_if_needed()
    expect(page.locator("#cache-curve-plot .main-svg").first).to_be_visible()
    expect(best).to_contain_text("Ends the thrashing")
    wanted = best.locator(".sub").first.inner_text()
    best.get_by_role("link", name=re.compile("Preview")).click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Change instances of persona-mme")
    kind = wanted.partition(" × ")[2]
    expect(page.get_by_label("Instance type")).to_have_value(kind)
    page.get_by_role("button", name="Preview change").click()
    expect(page.locator("main")).to_contain_text("Nothing is sent to AWS before you confirm.")
    page.get_by_label(re.compile("^Reason")).fill("Its cache thrashes")
    page.get_by_role("button", name="Change instances").click()
    expect(page.locator("#operation-state")).to_contain_text("AWS applied the change", timeout=SETTLES_MS)

    # The alert ends once five minutes of the new instances were measured, which tests of the rule show; at once the
    # verdict is that the cache fills.
    page.goto("/cache/")
    row = page.locator("tr", has_text="persona-mme")
    eventually(
        lambda: page.reload() and kind in row.inner_text() and "Thrashing" not in row.inner_text(),
        within_s=120,
        every_s=3,
    )
