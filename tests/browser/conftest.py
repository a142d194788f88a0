"""Fixtures of the browser lane: one demo for the session, signed-in pages, and what no page may ever do."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from stack.seed import LOGINS
from tests.browser.demo import Demo

SignIn = Callable[..., Page]


@pytest.fixture(autouse=True)
def _clean_redis() -> None:
    """The demo has a Redis of its own."""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Playwright runs an event loop in the tests' thread, beside which Django refuses a database otherwise."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, started once; its folder has a space in its name on purpose."""
    with Demo(tmp_path_factory.mktemp("demo") / "state folder") as running:
        yield running


EXPECTED = (
    "status of 422",  # Chromium reports every 4xx answer as an error; a refused form answers 422 on purpose.
    "htmx:sendAbort",  # Somebody went on to another page while htmx waited for an answer.
    "htmx:afterRequest",  # The same, as htmx tells it a second time.
)


class Watch:
    """Collects what a page must never do: console errors, uncaught errors, refused content."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.is_paused = False

    def attach(self, page: Page) -> None:
        """Listen to a page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if (
            message.type == "error"
            and not self.is_paused
            and not any(words in message.text for words in EXPECTED)
        ):
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture
def watch() -> Iterator[Watch]:
    """A test that opened pages fails when the console had errors, CSP refusals among them."""
    watching = Watch()
    yield watching
    assert watching.errors == []


@pytest.fixture
def sign_in(demo: Demo, browser: Browser, watch: Watch) -> Iterator[SignIn]:
    """sign_in("operator", width=1440, dark=False, scripts=True) → a page on the overview."""
    contexts: list[BrowserContext] = []

    def start(
        name: str = "operator",
        *,
        width: int = 1440,
        dark: bool = False,
        scripts: bool = True,
        to: str = "/",
        watched: bool = True,
    ) -> Page:
        context = browser.new_context(
            base_url=demo.url,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        page = context.new_page()
        if watched:
            watch.attach(page)
        page.goto(to)
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(LOGINS[name])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_load_state()
        return page

    yield start
    for context in contexts:
        context.close()


@pytest.fixture
def axe_source() -> str:
    """axe-core, to be evaluated in a page."""
    root = Path(__file__).resolve().parents[2]
    return (root / "node_modules" / "axe-core" / "axe.min.js").read_text()
