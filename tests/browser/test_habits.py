"""How people use pages: without JavaScript, by keyboard, with Back, in the dark, on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SignIn, Watch
from tests.browser.demo import Demo, eventually
from tests.browser.forms import press

pytestmark = pytest.mark.browser


def test_lists_tabs_and_forms_work_without_javascript(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in("operator", scripts=False)
    page.goto("/endpoints/")
    page.get_by_role("searchbox").fill("geo-lookup")
    page.get_by_role("searchbox").press("Enter")
    assert "q=geo-lookup" in page.url
    page.locator("table").get_by_role("link", name="geo-lookup", exact=True).click()
    page.get_by_role("navigation").get_by_role("link", name="Configuration").click()
    expect(page.locator("main")).to_contain_text("geo-lookup-cfg-1")
    page.get_by_role("link", name="Change concurrency").first.click()
    held = int(page.get_by_label("Max concurrency").input_value())
    page.get_by_label("Max concurrency").fill("201")
    page.get_by_label("Reason").fill("More room")
    press(page, "Preview change")
    expect(page.get_by_label("Max concurrency")).to_have_value("201")
    expect(page.get_by_label("Max concurrency")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Max concurrency").fill(str(held - 1))
    press(page, "Preview change")
    press(page, "Change concurrency")
    heading = page.get_by_role("heading", level=1)
    eventually(lambda: page.reload() and "Applied" in heading.inner_text(), within_s=60, every_s=2)


def test_charts_have_a_table_for_those_who_cannot_see_them(sign_in: SignIn) -> None:
    page = sign_in("viewer", scripts=False)
    page.get_by_text("The figures as a table").first.click()
    expect(page.locator("main table").first).to_contain_text(re.compile(r"\d"))


def test_a_chart_is_drawn_and_recoloured_with_the_theme(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    figure = page.locator(".js-plotly-plot").first
    expect(figure).to_be_visible()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Switch between light and dark").click()
    assert page.evaluate(ground) != light
    page.reload()
    assert page.evaluate(ground) != light, "the choice is kept"
    expect(page.locator(".js-plotly-plot").first).to_be_visible()


def test_the_chart_of_costs_comes_after_its_page_and_for_others_as_a_link(
    sign_in: SignIn, watch: Watch
) -> None:
    page = sign_in("viewer")
    page.goto("/costs/?range=30d&group=region")
    expect(page.locator("#cost-per-day .js-plotly-plot .bars path").first).to_be_visible()
    page.get_by_role("navigation", name="Stack the chart by").get_by_role("link", name="Kind").click()
    expect(page.locator("#cost-per-day .legend")).to_contain_text("Serverless")
    expect(page.locator("#cost-per-day .js-plotly-plot .bars path").first).to_be_visible()
    watch.is_paused = True
    page.route("**/costs/chart/**", lambda route: route.fulfill(status=500))
    page.reload()
    expect(page.get_by_text("The server answered 500")).to_be_visible()
    failed = "getComputedStyle(document.querySelector('#cost-chart > .waiting'), '::after').content"
    assert "This chart could not be loaded" in page.evaluate(failed)

    page.close()
    watch.is_paused = False
    plain = sign_in("viewer", scripts=False)
    plain.goto("/costs/?range=30d&group=region")
    plain.get_by_role("link", name="The figures of this chart as a table").click()
    plain.get_by_text("The figures as a table").click()
    expect(plain.locator("main table").first).to_contain_text("us-east-1")
    plain.get_by_role("link", name="All of these costs").click()
    assert "group=region" in plain.url


def test_back_returns_to_the_list_as_it_was(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    page.goto("/endpoints/")
    page.get_by_role("checkbox", name=re.compile("Asynchronous")).check()
    expect(page.locator("table tbody tr")).to_have_count(4)
    assert "asynchronous" in page.url
    expect(page.get_by_role("checkbox", name=re.compile("Asynchronous"))).to_be_focused()
    page.locator("table").get_by_role("link", name="ocr-async", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("ocr-async")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Endpoints")
    expect(page.locator("table tbody tr")).to_have_count(4)
    expect(page.get_by_role("checkbox", name=re.compile("Asynchronous"))).to_be_checked()


def test_the_keyboard_reaches_the_content_and_shows_where_it_is(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    page.goto("/endpoints/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_figure_says_how_it_came_about(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    page.goto("/costs/")
    page.locator(".tile details summary").first.click()
    expect(page.locator(".tile details[open]").first).to_contain_text("Source")
    page.get_by_role("link", name="Open the formula lines of").first.click()
    expect(page.locator(".cost-table")).to_contain_text("×")


def test_the_phone_has_a_drawer_and_cards(sign_in: SignIn) -> None:
    page = sign_in("viewer", width=390)
    page.goto("/endpoints/")
    expect(page.get_by_role("link", name="Costs")).not_to_be_in_viewport()
    page.locator(".drawer-open").click()
    expect(page.get_by_role("link", name="Costs")).to_be_in_viewport()


def test_signing_out_ends_the_session(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    page.locator("details.menu summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/costs/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
