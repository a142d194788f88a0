"""A small fleet with its history, summed up: made once for each module of tests, whose own changes are rolled back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from tests import fleet_rows
from tests.data.rollups.summed import NOW, sum_up


@pytest.fixture(scope="module")
def fleet(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """60 endpoints over 12 shards with 31 days of hours and costs, summed up; a test's own changes are rolled back."""
    with django_db_blocker.unblock():
        fleet_rows.seed(60, now=NOW, fine_hours=25)
        sum_up()
        yield
        with connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE fleet_account, fleet_finebucket, fleet_hourbucket, fleet_alertrule CASCADE"
            )
            cursor.execute("TRUNCATE fleet_placehour, fleet_placeday")
