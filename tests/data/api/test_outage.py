"""A database that is away: every resource says so as a problem document, and when to ask again."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client

HEADERS = {"Authorization": "Bearer flo_x"}


@pytest.fixture
def _away(db: None, port: int) -> Iterator[None]:
    """The product's own connection with its pool, to a port that nobody listens on."""
    usual = connections["default"]
    settings: dict[str, Any] = {
        **usual.settings_dict, "HOST": "127.0.0.1", "PORT": str(port), "OPTIONS": {"pool": {"timeout": 0.2}},
    }  # fmt: skip
    # Pools go by alias: its own, so that the tests' pool is left alone.
    away = DatabaseWrapper(settings, alias="away")
    connections["default"] = away
    yield
    connections["default"] = usual
    away.close_pool()


@pytest.mark.usefixtures("_away")
@pytest.mark.parametrize("path", ["endpoints", "sync", "openapi.json"])
def test_a_database_that_is_away_is_told_as_a_problem(path: str, client: Client) -> None:
    answer = client.get(f"/api/v1/{path}", headers=HEADERS)
    assert (answer.status_code, answer["Retry-After"]) == (503, "15")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/api/v1/docs#database-away"
