"""Finds a Chromium for the browser lane and the screenshots, and gets one when the machine has none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stack.layout import StackError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> Path | None:
    """The Chromium FLOTILLA_CHROMIUM names, else the first on PATH that runs, else Playwright's own; None without."""
    named = os.environ.get("FLOTILLA_CHROMIUM")
    for name in [named] if named else NAMES:
        path = shutil.which(name)
        if path is not None and _runs(Path(path)):
            return Path(path)
    return None if named else _of_playwright()


def require() -> Path:
    """A Chromium, fetched when need be: by the system's packages as root, else by Playwright's download."""
    found = find()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("getting Chromium from the system's packages ...", flush=True)
        _apt("update")
        _apt("install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation")
        found = find()
    if found is None:
        print("getting Chromium by Playwright ...", flush=True)
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
        found = find()
    if found is None:
        raise StackError(
            "the browser lane needs Chromium: none on PATH, and neither the system's packages nor Playwright's "
            "download gave one; install it or set FLOTILLA_CHROMIUM to its path"
        )
    return found


def _apt(*arguments: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "-qq", *arguments], env=env, stdout=subprocess.DEVNULL, check=False)


def _runs(path: Path) -> bool:
    """Whether it starts at all: some systems ship a stub of that name which only says what to install."""
    try:
        shown = subprocess.run(
            [str(path), "--no-sandbox", "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return shown.returncode == 0 and any(word in shown.stdout for word in ("Chrom", "chrom"))


def _of_playwright() -> Path | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() and _runs(path) else None
