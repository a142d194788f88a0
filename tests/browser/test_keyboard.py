"""Forms, popovers and tables of the demo by keyboard alone: where the focus is, and that it is seen."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn

pytestmark = pytest.mark.browser

RING = """() => [...document.querySelectorAll(".table-frame tbody :first-child a")].map((link) => {
  link.focus();
  const style = getComputedStyle(link);
  const ring = parseFloat(style.outlineOffset) + parseFloat(style.outlineWidth);
  const frame = link.closest(".table-frame").getBoundingClientRect();
  return style.outlineStyle !== "none" && link.getBoundingClientRect().left - ring >= frame.left;
})"""


def open_form(page: Page, endpoint: str, form: str) -> None:
    page.goto(f"/endpoints/?q={endpoint}")
    page.locator("table").get_by_role("link", name=endpoint, exact=True).click()
    page.wait_for_load_state()
    page.goto(f"{page.url.split('?')[0]}{form}/")


def test_a_refused_form_puts_the_focus_on_what_is_wrong(sign_in: SignIn) -> None:
    page = sign_in("operator")
    open_form(page, "vision-rt", "goals")
    page.get_by_label("Slowest answer").fill("soon")
    page.get_by_label("Slowest answer").press("Enter")
    expect(page.get_by_text("Give a number from 0.001")).to_be_visible()
    expect(page.get_by_label("Slowest answer")).to_be_focused()


def test_a_refused_question_does_so_too_when_only_a_part_of_the_page_is_drawn(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_form(page, "vision-rt", "what-if")
    count = page.get_by_label("Instances", exact=True).last
    count.fill("900")
    page.get_by_role("button", name="Compare").press("Enter")
    expect(page.get_by_text("Enter a whole number from 1 to 100.")).to_be_visible()
    expect(count).to_be_focused()


def test_a_preview_leaves_the_focus_where_somebody_types(sign_in: SignIn) -> None:
    page = sign_in("operator")
    open_form(page, "vision-rt", "change-schedule")
    reason = page.get_by_label("Reason")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label("Time zone").fill("Nowhere")
        reason.focus()
    expect(page.get_by_text("is no time zone")).to_be_visible()
    expect(reason).to_be_focused()


def test_a_popover_closes_when_the_focus_goes_on_and_gives_it_back_on_escape(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    page.goto("/costs/")
    where_from = page.locator(".tile details summary").first
    where_from.press("Enter")
    opened = page.locator(".tile details[open]")
    expect(opened).to_have_count(1)
    page.locator(".tile details[open] a").press("Escape")
    expect(opened).to_have_count(0)
    expect(where_from).to_be_focused()
    where_from.press("Enter")
    page.locator(".tile details[open] a").press("Tab")
    expect(opened).to_have_count(0)


@pytest.mark.parametrize("key", ["Escape", "Enter"])
def test_a_drawer_that_closes_gives_the_focus_to_where_it_was_opened(sign_in: SignIn, key: str) -> None:
    page = sign_in("viewer")
    page.goto("/costs/")
    where_from = page.locator(".tile details summary").first
    where_from.press("Enter")
    page.locator(".tile details[open] a").press("Enter")
    close = page.locator(".cost-drawer > summary")
    expect(close).to_be_focused()
    close.press(key)
    expect(page.locator(".cost-drawer")).to_be_hidden()
    expect(where_from).to_be_focused()


def test_on_a_narrow_page_the_focus_is_neither_under_the_bar_nor_in_a_hidden_head(sign_in: SignIn) -> None:
    page = sign_in("viewer", width=390)
    page.goto("/costs/")
    bar = page.locator(".topbar").bounding_box()
    assert bar is not None
    page.evaluate("scrollTo(0, 400)")
    title = page.locator("main .page-actions a").first
    title.focus()
    box = title.bounding_box()
    assert box is not None
    assert box["y"] >= bar["height"]
    sort = page.locator("#cost-table thead a").first
    sort.focus()
    shown = sort.evaluate("link => link.closest('thead').getBoundingClientRect().height")
    assert shown > 16


@pytest.mark.parametrize("address", ["/costs/", "/budgets/"])
def test_the_ring_around_a_link_at_the_edge_of_a_table_is_whole(sign_in: SignIn, address: str) -> None:
    page = sign_in("viewer")
    page.goto(address)
    page.keyboard.press("Tab")
    rings = page.evaluate(RING)
    assert rings
    assert all(rings)
