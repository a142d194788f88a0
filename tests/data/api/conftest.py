"""A token and a client that sends it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from fleet.access import tokens
from tests.data.dashboards import rows

Get = Callable[..., HttpResponse]


@pytest.fixture
def made(db: None) -> tokens.Made:
    """A token of a viewer, for every account."""
    return tokens.make(rows.user("viewer", None), name="ci", days=7, now=timezone.now())


@pytest.fixture
def get(client: Client, made: tokens.Made) -> Get:
    """get("endpoints", kind="serverless", secret=…) asks the API as the viewer's token."""

    def ask(
        path: str, *, secret: str = made.secret, headers: dict[str, str] | None = None, **query: Any
    ) -> Any:
        sent = {"Authorization": f"Bearer {secret}", **(headers or {})}
        return client.get(f"/api/v1/{path}", query, headers=sent)

    return ask
