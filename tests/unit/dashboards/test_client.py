"""Lockout and audit must agree on where a request comes from, so one function alone reads it."""

from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory

from dashboards import client

ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("config", "dashboards", "fleet")


@pytest.mark.parametrize("name", ["REMOTE_ADDR", "X_FORWARDED_FOR"])
def test_nothing_but_the_client_module_reads_where_a_request_comes_from(name: str) -> None:
    files = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py")]
    readers = [str(path.relative_to(ROOT)) for path in files if name in path.read_text()]
    assert readers == ["dashboards/client.py"]


@pytest.mark.parametrize(
    ("hops", "forwarded", "expected"),
    [
        (0, "198.51.100.9", "10.0.0.1"),
        (1, "198.51.100.9, 192.0.2.7", "192.0.2.7"),
        (2, "198.51.100.9, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        (2, "192.0.2.7", "10.0.0.1"),
        (1, "198.51.100.9, 192.0.2.7:52100", "192.0.2.7"),
        (1, "[2001:db8::7]:52100", "2001:db8::7"),
        (1, "[2001:db8::7]", "2001:db8::7"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "::1", "::1"),
    ],
)
def test_only_what_trusted_proxies_added_is_believed(
    settings: Any, hops: int, forwarded: str, expected: str
) -> None:
    settings.PROXY_HOPS = hops
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client.address(request) == expected
