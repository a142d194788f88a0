"""Sending forms as a person does, who looks at the answer before doing anything else."""

from playwright.sync_api import Page


def press(page: Page, name: str) -> None:
    """Send a form and wait for the page that answers it: a reload in between would take its place."""
    with page.expect_navigation():
        page.get_by_role("button", name=name).click()
