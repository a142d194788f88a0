"""Taking in an account from the first form to its first endpoint, and asking what still fits under a quota."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.demo import Demo, eventually
from tests.browser.forms import press

pytestmark = pytest.mark.browser

SPARE = "222233334444"


def told(page: Page, words: str) -> None:
    """Reload until the page's sentence says so, as somebody without JavaScript would."""
    sentence = page.locator(".sentence")
    eventually(lambda: page.reload() and re.search(words, sentence.inner_text()), within_s=90, every_s=1)


def furnish(demo: Demo) -> None:
    """The spare account has an endpoint, and a role that may not read tags."""
    serverless = {"memory_mb": 1024, "max_concurrency": 5}
    demo.simulator(
        "POST",
        "/_endpoints",
        {"account": "sandbox", "region": "eu-west-1", "name": "first-trial", "serverless": serverless},
    )
    demo.simulator("POST", "/_faults", [{"kind": "deny", "account": SPARE, "action": "tag:GetResources"}])


def test_an_account_is_taken_in_without_javascript(demo: Demo, sign_in: SignIn) -> None:
    """J8: refused input, roles to apply, a missing permission named and mended, left and resumed, first sync."""
    furnish(demo)
    page = sign_in("admin", scripts=False, to="/settings/")
    page.get_by_role("link", name="Add an account").click()
    page.get_by_label("Account id").fill("2222")
    page.get_by_label("Name").fill("prod")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#field-account_id")).to_contain_text("12 digits")
    expect(page.locator("#field-alias")).to_contain_text("Another account has this name.")
    expect(page.get_by_label("Account id")).to_have_value("2222")

    page.get_by_label("Account id").fill(SPARE)
    page.get_by_label("Name").fill("sandbox")
    page.get_by_role("button", name="Continue").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download flotilla-roles.json").click()
    assert "sts:ExternalId" in download.value.path().read_text()
    expect(page.get_by_label("Role for reading")).to_have_value(f"arn:aws:iam::{SPARE}:role/FlotillaRead")
    press(page, "Check the permissions")
    told(page, "1 permission is missing")
    missing = page.get_by_role("row").filter(has_text="tag:GetResources")
    expect(missing).to_contain_text("owners, teams and tags")

    page.goto("/settings/")
    page.get_by_role("link", name="Go on with sandbox").click()
    expect(page.locator(".sentence")).to_contain_text("Which regions")
    page.get_by_role("link", name="3. Permissions").click()
    demo.simulator("DELETE", "/_faults")
    press(page, "Check again")
    told(page, "permissions work|could not be proven")
    expect(page.get_by_role("row").filter(has_text="tag:GetResources")).to_contain_text("Allowed")

    page.get_by_role("link", name="Continue to regions").click()
    for box in page.get_by_role("checkbox").all():
        box.set_checked(box.get_attribute("value") == "eu-west-1")
    press(page, "Start reading")
    told(page, "sandbox is read: 1 endpoint in 1 region")
    page.get_by_role("link", name="See its endpoints").click()
    expect(page.locator("table").get_by_role("link", name="first-trial", exact=True)).to_be_visible()


def test_a_quota_says_what_still_fits_and_where_room_lies_idle(sign_in: SignIn) -> None:
    page = sign_in("viewer", to="/quotas/")
    page.get_by_label("Kind").select_option("concurrency")
    place = page.get_by_role("row").filter(has_text=re.compile(r"prod\s+us-east-1"))
    row = place.filter(has_text="Serverless concurrency")
    room = int(row.locator("[data-label=Room]").inner_text())
    wish = room + 10
    page.get_by_label("Room for how many more?").fill(str(wish))
    expect(row).to_contain_text("10 over")
    expect(page.locator(".sentence")).to_contain_text(f"{wish} more would not fit 1 quota")
    expect(row).to_contain_text(re.compile(r"geo-lookup[\s\S]*unused in 7 d"))
    assert f"add={wish}" in page.url
    row.get_by_text("How it is counted").click()
    expect(row).to_contain_text("Sum of max concurrency over serverless endpoints")
    row.get_by_role("link", name="geo-lookup").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("geo-lookup")
