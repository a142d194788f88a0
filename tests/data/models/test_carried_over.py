"""What stood before a migration stands after it, in the new shape."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def at() -> Iterator[MigrationExecutor]:
    """A database whose schema a test may take back; it is brought up to date again."""
    yield MigrationExecutor(connection)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_budgets_of_one_account_or_team_keep_amount_scope_and_the_share_they_are_told_at(
    at: MigrationExecutor,
) -> None:
    old = at.migrate([("fleet", "0024_billed_costs")]).apps
    account = old.get_model("fleet", "Account").objects.create(account_id="111122223333", alias="prod")
    old.get_model("fleet", "AlertRule").objects.create(
        key="budget-passed", name="Budget used up", severity="warning", parameters={"share_pct": 90}
    )
    budget = old.get_model("fleet", "Budget").objects.create
    budget(name="prod", account=account, monthly_usd=Decimal("1200.50"))
    budget(name="search", team="search", monthly_usd=Decimal(300))
    budget(name="fleet", monthly_usd=Decimal(9000))

    executor = MigrationExecutor(connection)
    new = executor.migrate([("fleet", "0025_budgets_of_any_scope")]).apps.get_model("fleet", "Budget")
    found = {row.name: row for row in new.objects.all()}
    assert {name: (row.amount_usd, row.accounts, row.teams, row.period) for name, row in found.items()} == {
        "prod": (Decimal("1200.50"), ["111122223333"], [], "monthly"),
        "search": (300, [], ["search"], "monthly"),
        "fleet": (9000, [], [], "monthly"),
    }
    for row in found.values():
        assert (row.thresholds, row.forecast_pct) == ([90], None), (
            "nobody is told of what they did not ask for"
        )
        assert (row.regions, row.kinds, row.tags, row.endpoints, row.owner_email) == ([], [], [], [], "")
