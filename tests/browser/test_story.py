"""What people come for, done in a browser against the whole product: the walk, and the two journeys of an operator."""

import re
from email.message import EmailMessage

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.demo import Demo, eventually

pytestmark = pytest.mark.browser

SETTLES_MS = 60_000


def open_endpoint(page: Page, name: str) -> None:
    """From the list, by search, as a person would."""
    page.goto("/endpoints/")
    search = page.get_by_role("searchbox")
    search.fill(name)
    search.press("Enter")
    page.locator("table").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def writes(demo: Demo) -> int:
    """Effective writes that reached AWS so far."""
    return len(demo.simulator("GET", "/_calls")["writes"])


def mail(demo: Demo, subject: str, to: str = "operator@example.com") -> EmailMessage:
    """The mail to `to` whose subject matches, once it has arrived."""

    def arrived() -> EmailMessage | None:
        for message in demo.mails():
            if re.search(subject, str(message["Subject"])) and to in str(message["To"]):
                return message
        return None

    found = eventually(arrived, within_s=180, every_s=1)
    assert isinstance(found, EmailMessage)
    return found


def text_of(message: EmailMessage) -> str:
    """The plain-text part."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_newcomer_sees_what_the_fleet_costs_and_what_is_wrong(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    expect(page.locator(".sentence")).to_contain_text("need you")
    expect(page.locator("main")).to_contain_text("fraud-score")
    page.get_by_role("link", name="Cold starts").first.click()
    expect(page.locator("main")).to_contain_text("chat-faq")
    page.get_by_role("link", name="Cache").first.click()
    # The history of 30 days arrives in the background during the first minute.
    eventually(
        lambda: page.reload() and "persona-mme" in page.locator(".sentence").inner_text(), within_s=120
    )
    page.get_by_role("link", name="Costs").first.click()
    expect(page.locator(".sentence")).to_contain_text("$")


def resolve_at_once(sign_in: SignIn) -> None:
    """Have the rule about full endpoints resolve as soon as it is false."""
    admin = sign_in("admin", to="/alerts/rules/serverless-full/")
    admin.get_by_label("Resolves when false for").fill("0")
    admin.get_by_role("button", name="Save").click()
    expect(admin.get_by_text("Saved").first).to_be_visible()


def test_on_call_a_throttling_mail_leads_to_more_concurrency(demo: Demo, sign_in: SignIn) -> None:
    """J1: mail, link, acknowledge, refused input, preview, confirm, verified result, resolved mail."""
    resolve_at_once(sign_in)
    opened = mail(demo, r"^\[critical\] fraud-score eu-west-1: concurrency 100 % of Max 20")
    assert "Max 20" in text_of(opened)
    link = re.search(rf"{re.escape(demo.url)}(/alerts/\d+/)", text_of(opened))
    assert link is not None
    page = sign_in("operator", to=link[1])
    assert link[1] in page.url, "after signing in one lands where the mail pointed"
    page.get_by_label("Note").fill("Raising max concurrency")
    page.get_by_role("button", name="I am on it").click()
    expect(page.locator("main")).to_contain_text("Raising max concurrency")
    page.get_by_role("link", name="Open endpoint").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("fraud-score")

    before = writes(demo)
    page.get_by_role("link", name="Change concurrency").first.click()
    page.get_by_label("Max concurrency").fill("40")
    page.get_by_label("Provisioned concurrency").fill("50")
    page.get_by_role("button", name="Preview change").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"50.*40"))
    expect(page.get_by_label("Provisioned concurrency")).to_have_value("50")
    expect(page.get_by_label("Provisioned concurrency")).to_have_attribute("aria-invalid", "true")
    assert writes(demo) == before, "a refused form sends nothing to AWS"

    page.get_by_label("Provisioned concurrency").fill("10")
    page.get_by_label("Reason").fill("Full every morning")
    page.get_by_role("button", name="Preview change").click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    expect(page.locator("main")).to_contain_text("UpdateEndpointWeightsAndCapacities")
    assert writes(demo) == before, "a preview sends nothing to AWS"
    page.get_by_role("button", name="Change concurrency").dblclick()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Applied", timeout=SETTLES_MS)
    assert writes(demo) == before + 1, "a double click makes one change"

    resolved = mail(demo, r"fraud-score eu-west-1.*resolved|resolved.*fraud-score eu-west-1")
    assert resolved["In-Reply-To"] == opened["Message-ID"]
    page.goto("/audit/")
    expect(page.locator("main")).to_contain_text("Full every morning")


def test_a_silent_rollback_is_told_as_one(demo: Demo, sign_in: SignIn) -> None:
    """J2: AWS says InService again, on the old config; the page, a second person and a mail say what happened."""
    reason = "The primary container for production variant AllTraffic did not pass the ping health check."
    demo.simulator("POST", "/_fail_next_update", {"endpoint": "lang-detect", "reason": reason})
    page = sign_in("operator")
    open_endpoint(page, "lang-detect")
    page.get_by_role("link", name="Change concurrency").first.click()
    limit = int(page.get_by_label("Max concurrency").input_value())
    page.get_by_label("Max concurrency").fill(str(limit + 5))
    page.get_by_label("New endpoint config").check()
    page.get_by_label("Reason").fill("Room for the autumn campaign")
    page.get_by_role("button", name="Preview change").click()
    page.get_by_role("button", name="Change concurrency").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_contain_text("Rolled back", timeout=SETTLES_MS)
    expect(page.locator("main")).to_contain_text(reason)
    expect(page.locator("main")).to_contain_text("lang-detect-cfg-1")

    page.reload()
    expect(heading).to_contain_text("Rolled back")
    second = sign_in("viewer", to=page.url.removeprefix(demo.url))
    expect(second.get_by_role("heading", level=1)).to_contain_text("Rolled back")
    assert "lang-detect-cfg-1" in text_of(mail(demo, "lang-detect"))

    before = writes(demo)
    page.get_by_role("link", name="Plan again").first.click()
    page.get_by_label("Reason").fill("Once more")
    page.get_by_role("button", name="Preview change").click()
    expect(page.get_by_role("button", name="Change concurrency")).to_be_visible()
    assert writes(demo) == before, "trying again asks for a new confirmation first"


def test_conversion_to_real_time_needs_the_typed_name_and_is_proved(demo: Demo, sign_in: SignIn) -> None:
    page = sign_in("operator")
    open_endpoint(page, "size-advisor")
    page.get_by_role("link", name="Convert to real-time").first.click()
    page.get_by_label("Instance type", exact=True).select_option("ml.m5.large")
    page.get_by_label("Instances", exact=True).fill("2")
    page.get_by_label("Reason").fill("Busy all day")
    page.get_by_role("button", name="Preview conversion").click()
    expect(page.locator("main")).to_contain_text("cannot be undone")
    confirm = page.get_by_role("button", name="Convert to real-time")
    typed = page.get_by_label("Type size-advisor to confirm")
    before = writes(demo)
    typed.fill("size-adviser")
    expect(confirm).to_be_disabled()
    typed.fill("size-advisor")
    expect(confirm).to_be_enabled()
    confirm.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Applied", timeout=SETTLES_MS)
    assert writes(demo) == before + 2, "one config and one update"

    page.get_by_role("link", name="Open endpoint").click()
    # The way back does not exist, so the action goes with the next sync.
    convert = page.locator(".endpoint-actions").get_by_role("link", name="Convert to real-time")
    eventually(lambda: page.reload() and convert.count() == 0, within_s=60)
    expect(page.locator("main")).to_contain_text("Real-time, 2 × ml.m5.large")


def test_a_viewer_sees_the_forbidden_button_and_why(sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_endpoint(page, "chat-faq")
    expect(page.locator("main")).to_contain_text("needs the role operator")
    expect(page.get_by_role("link", name="Change concurrency")).to_have_count(0)


def test_the_failed_endpoint_is_in_a_mail_as_the_page_says_it(demo: Demo, sign_in: SignIn) -> None:
    message = mail(demo, r"invoice-vision")
    link = re.search(rf"{re.escape(demo.url)}(/alerts/\d+/)", text_of(message))
    assert link is not None
    page = sign_in("operator", to=link[1])
    heading = page.locator("#incident-title").inner_text().split("\n")[0].strip()
    assert heading.split(" ")[0] in text_of(message)
    page.goto("/alerts/deliveries/")
    page.get_by_role("link", name=str(message["Subject"])).first.click()
    expect(page.frame_locator("iframe").locator("body")).to_contain_text(heading.split(" ")[0])
