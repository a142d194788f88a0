"""`make screenshots`: a demo of its own, photographed at desk width, phone width and in the dark.

Says beside each picture when a page scrolls sideways or its console had errors.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from stack import chromium, postgres
from stack.layout import Layout, StackError, free_port
from stack.processes import wait_until
from stack.seed import LOGINS
from stack.supervisor import say

READY = "Flotilla is ready"
_START_S = 900
_PLANNING_S = 120


@dataclass(frozen=True)
class Awaited:
    """What pictures without it would leave out: a question whose answer is a boolean, and how long it may take."""

    words: str
    query: LiteralString
    patience_s: float


AWAITED = (
    Awaited(
        "the whole history",
        "SELECT bool_and(backfill_done_until >= backfill_until) FROM fleet_shard WHERE enabled",
        600,
    ),
    Awaited(
        # While history comes in it looks every few minutes, and hourly from the look on that had all of it.
        "the advisor's first look at all of it",
        "SELECT bool_or(ended_at >= begun_at AND due_at > ended_at + interval '20 minutes') FROM fleet_advisorrun",
        600,
    ),
    Awaited(
        "the first incidents",
        "SELECT count(*) >= 8 FROM fleet_incident WHERE endpoint_id IS NOT NULL",
        120,
    ),
    Awaited(
        "the bill",
        "SELECT bool_and(ok_at IS NOT NULL) FROM fleet_billreading WHERE enabled",
        120,
    ),
)


@dataclass(frozen=True)
class Shot:
    """A picture: its file name, where to go, a link to follow from there, and what to do then ("" for none)."""

    name: str
    path: str
    link: str = ""
    deed: str = ""


SHOTS = (
    Shot("overview", "/"),
    Shot("endpoints", "/endpoints/"),
    Shot("endpoint-chat-faq", "/endpoints/?q=chat-faq", "chat-faq"),
    Shot("endpoint-persona-mme", "/endpoints/?q=persona-mme", "persona-mme"),
    Shot("conversion", "/endpoints/?q=intent-router", "intent-router", deed="plan-conversion"),
    Shot("planner", "/endpoints/?q=address-parser", "address-parser", deed="plan-capacity"),
    Shot("advisor", "/advisor/"),
    Shot("costs", "/costs/"),
    Shot("savings-plans", "/costs/savings-plans/?one_year=25"),
    Shot("cold-starts", "/cold-starts/"),
    Shot("cache", "/cache/"),
    Shot("operations", "/operations/"),
    Shot("scaling", "/scaling/"),
    Shot("alerts", "/alerts/"),
    Shot("quotas", "/quotas/?add=80&kind=concurrency"),
    Shot("sync", "/sync/"),
    Shot("audit", "/audit/"),
    Shot("settings", "/settings/"),
)


@dataclass(frozen=True)
class Look:
    """One way to look at every page."""

    suffix: str
    width: int
    height: int
    dark: bool = False


LOOKS = (Look("1440", 1440, 900), Look("390", 390, 844), Look("dark", 1440, 900, dark=True))


def screenshots(layout: Layout, names: list[str]) -> None:
    """Photograph the named shots, or all, into docs/screenshots/NAME-LOOK.png."""
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    if not wanted:
        raise StackError(f"no such shot; there are {', '.join(shot.name for shot in SHOTS)}")
    executable = chromium.require()
    folder = layout.root / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with _address(layout) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(executable), args=list(chromium.FLAGS))
        for look in LOOKS:
            _photograph(browser, url, look, wanted, folder)
        browser.close()


@contextmanager
def _address(layout: Layout) -> Iterator[str]:
    """Where to look: FLOTILLA_DEMO_URL when set, else a demo started for the pictures and stopped after them."""
    given = os.environ.get("FLOTILLA_DEMO_URL")
    if given:
        yield given.rstrip("/")
        return
    state, port = layout.folder("screenshots"), free_port()
    env = {**os.environ, "FLOTILLA_STATE": str(state), "PORT": str(port)}
    output = state / "demo.out"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", "demo"],
            cwd=layout.root,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        say("starting a demo for the pictures ...")
        wait_until(lambda: READY in output.read_text() or process.poll() is not None, _START_S, every_s=0.5)
        if READY not in output.read_text():
            raise StackError(f"the demo did not start:\n{output.read_text()}")
        _wait(Layout(layout.root, state))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def _wait(layout: Layout) -> None:
    """Wait for what a demo has a few minutes after its start, and say what did not come: such pictures lie."""
    import psycopg

    url = postgres.embedded(layout).url
    for awaited in AWAITED:
        say(f"waiting for {awaited.words} ...")

        def is_there(query: LiteralString = awaited.query) -> bool:
            with psycopg.connect(url) as connection:
                row = connection.execute(query).fetchone()
            return bool(row and row[0])

        if not wait_until(is_there, awaited.patience_s, every_s=2):
            say(f"{awaited.words}: not within {awaited.patience_s:.0f} s; photographing what there is")


def _photograph(browser: Browser, url: str, look: Look, shots: list[Shot], folder: Path) -> None:
    context = browser.new_context(
        base_url=url,
        viewport={"width": look.width, "height": look.height},
        color_scheme="dark" if look.dark else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: _note(message, errors))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/")
    page.screenshot(path=folder / f"sign-in-{look.suffix}.png")
    page.locator("input[name=username]").fill("admin")
    page.locator("input[name=password]").fill(LOGINS["admin"])
    page.locator("input[name=password]").press("Enter")
    page.wait_for_load_state("networkidle")
    for shot in shots:
        errors.clear()
        path = folder / f"{shot.name}-{look.suffix}.png"
        answer = page.goto(shot.path)
        _follow(page, shot)
        if shot.deed:
            _DEEDS[shot.deed](page)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=path, full_page=True)
        say(f"{path.name:<32} {answer.status if answer else '-'} {_remarks(page, errors)}")
    context.close()


def _follow(page: Page, shot: Shot) -> None:
    if shot.link:
        link = page.locator("main table a", has_text=shot.link).first
        if link.count():
            link.click()
            page.wait_for_load_state()


def _plan_conversion(page: Page) -> None:
    """Up to the preview; nothing is confirmed, so nothing is sent."""
    page.get_by_role("link", name="Convert to real-time").first.click()
    page.get_by_label("Instance type", exact=True).select_option("ml.m5.xlarge")
    page.get_by_label("Instances", exact=True).fill("4")
    page.get_by_label("Reason").fill("Always warm")
    page.get_by_role("button", name="Preview conversion").click()


def _plan_capacity(page: Page) -> None:
    """The planner's page, once a worker has answered it."""
    page.goto(page.url.partition("?")[0] + "planner/")
    page.locator("#planner-answer:not([data-poll])").wait_for(timeout=_PLANNING_S * 1000)


_DEEDS: dict[str, Callable[[Page], None]] = {
    "plan-conversion": _plan_conversion,
    "plan-capacity": _plan_capacity,
}


def _note(message: ConsoleMessage, errors: list[str]) -> None:
    if message.type == "error":
        errors.append(message.text)


def _remarks(page: Page, errors: list[str]) -> str:
    wide: Any = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    remarks = [f"scrolls sideways by {wide} px"] if wide > 0 else []
    return "; ".join(remarks + errors) or "ok"
