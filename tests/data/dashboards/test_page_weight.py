"""What a first visit brings over the wire, brotli as browsers take it: bars per page, requests, and no other host."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import brotli  # type: ignore[import-untyped]
import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

CHARTS_KB, PLAIN_KB, REQUESTS = 700, 200, 20
PLAIN = ("/alerts/", "/operations/", "/endpoints/", "/scaling/", "/audit/", "/quotas/", "/orphans/", "/sync/")
WITH_CHARTS = ("/", "/costs/", "/cache/", "/cold-starts/")
_TAG = re.compile(r"<(?:script|img|source|link)\b[^>]*>|<body\b[^>]*>")
_URL = re.compile(r"""\b(?:src|href|data-plotly-src)="([^"]+)\"""")
_IN_CSS = re.compile(r"""url\(["']?((?!data:)[^"')]+)["']?\)|@import ["']([^"']+)["']""")
_AS_THEY_ARE = {".woff2", ".png"}


def _compressed(body: bytes) -> int:
    """By a quicker brotli than the one that is served, which is never heavier."""
    return len(brotli.compress(body, quality=6))


@cache
def weight(path: str) -> tuple[int, frozenset[str]]:
    """Bytes of a static file as sent, and the urls that a style sheet names."""
    found = finders.find(path.removeprefix(settings.STATIC_URL))
    assert found, path
    body = Path(found).read_bytes()
    named = _IN_CSS.findall(body.decode()) if path.endswith(".css") else []
    inner = frozenset(urljoin(path, next(name for name in names if name)) for names in named)
    return len(body) if Path(path).suffix in _AS_THEY_ARE else _compressed(body), inner


def first_load(page: str, *, with_charts: bool) -> tuple[int, set[str]]:
    """Bytes of a page with everything it names, and the urls asked for beside the page itself."""
    tags = _TAG.findall(page)
    wanted = [url for tag in tags for url in _URL.findall(tag) if with_charts or "plotly" not in url]
    total, seen = _compressed(page.encode()), set[str]()
    while wanted:
        url = wanted.pop()
        if url in seen or url.startswith("data:"):
            continue
        seen.add(url)
        assert not urlsplit(url).netloc, f"{url} belongs to somebody else"
        size, inner = weight(url)
        total += size
        wanted += inner
    return total, seen


@pytest.mark.parametrize(
    ("url", "with_charts"), [*((url, False) for url in PLAIN), *((url, True) for url in WITH_CHARTS)]
)
def test_a_first_visit_is_light_and_asks_nobody_else(client: Client, url: str, with_charts: bool) -> None:
    client.force_login(UserFactory(role="viewer"))
    total, seen = first_load(client.get(url).content.decode(), with_charts=with_charts)
    assert any(each.endswith(".css") for each in seen)
    assert any(each.endswith("inter.woff2") for each in seen), "fonts that a sheet names are counted"
    assert any("plotly" in each for each in seen) is with_charts
    assert total <= 1000 * (CHARTS_KB if with_charts else PLAIN_KB), f"{url} weighs {total:,} bytes"
    assert len(seen) + 1 <= REQUESTS, sorted(seen)
