"""From the overview to fewer cold starts: the planner in a browser against the whole product."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import SignIn
from tests.browser.demo import Demo, eventually

pytestmark = pytest.mark.browser
NAME = "address-parser"
"""Bursts of a nightly import start many of its environments at once."""
ANSWERS_MS = 120_000
SETTLES_MS = 60_000


class Clicks:
    """Counts what a person has to press."""

    def __init__(self) -> None:
        self.number = 0

    def __call__(self, target: Locator) -> None:
        self.number += 1
        target.click()


def answered(page: Page) -> None:
    """The worker's answer has come, without anybody loading the page again."""
    expect(page.get_by_role("heading", name="Every way")).to_be_visible(timeout=ANSWERS_MS)


def test_on_call_fixes_cold_starts_in_five_clicks(demo: Demo, sign_in: SignIn) -> None:
    page, click = sign_in("operator"), Clicks()
    # The history of the endpoints arrives in the background during the first minute.
    planner = page.get_by_role("link", name=re.compile(f": planner of {NAME}$"))
    eventually(lambda: page.goto("/cold-starts/?sort=-cold") and planner.count() == 1, within_s=120)
    page.goto("/")
    click(page.get_by_role("link", name="Cold starts").first)
    click(planner)
    answered(page)
    expect(page.locator("main")).to_contain_text("How sure this is")
    click(page.get_by_role("link", name=re.compile(r"^Plan [1-9]\d* provisioned$")).first)
    wanted = int(page.get_by_label("Provisioned concurrency").input_value())
    assert wanted >= 1
    page.get_by_label("Reason").fill("Cold starts of the nightly import")
    click(page.get_by_role("button", name="Preview change"))
    expect(page.get_by_role("heading", name="What the planner forecast")).to_be_visible()
    before = len(demo.simulator("GET", "/_calls")["writes"])
    click(page.get_by_role("button", name="Change concurrency"))
    assert click.number == 5
    expect(page.get_by_role("heading", level=1)).to_contain_text("Applied", timeout=SETTLES_MS)
    writes = demo.simulator("GET", "/_calls")["writes"]
    assert len(writes) == before + 1
    (sent,) = writes[-1]["params"]["DesiredWeightsAndCapacities"]
    assert sent["ServerlessUpdateConfig"]["ProvisionedConcurrency"] == wanted
    (live,) = [each for each in demo.simulator("GET", "/_holdings")["endpoints"] if each["name"] == NAME]
    assert [each["provisioned"] for each in live["variants"]] == [wanted], "AWS keeps warm what was asked"
    expect(page.locator("main")).to_contain_text("held against what comes 1, 7 and 14 days after")


def test_the_planner_answers_without_scripts_and_keeps_its_limits_in_the_address(sign_in: SignIn) -> None:
    page = sign_in("viewer", scripts=False, to="/cold-starts/?sort=-cold")
    page.get_by_role("link", name=re.compile(": planner of ")).first.click()
    heading = page.get_by_role("heading", name="Every way")
    eventually(lambda: page.reload() and heading.count() == 1, within_s=ANSWERS_MS / 1000, every_s=2)
    page.get_by_label("Budget").fill("none")
    page.get_by_role("button", name="Find the way").click()
    expect(page.locator("main")).to_contain_text("Enter dollars a month, 0 or more.")
    page.get_by_label("Budget").fill("0.01")
    page.get_by_role("button", name="Find the way").click()
    assert "budget=0.01" in page.url
    expect(page.locator("main")).to_contain_text(re.compile("Nothing keeps at most|contradict"))
    expect(page.get_by_label("Budget")).to_have_value("0.01")
