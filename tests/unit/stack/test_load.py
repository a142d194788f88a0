"""The fleet of `make load`."""

from stack.layout import ROOT
from stack.load import SIZE, fleet
from stack.seed import accounts_of


def test_the_load_fleet_has_exactly_as_many_endpoints_as_promised_in_every_account_and_region() -> None:
    accounts = accounts_of(ROOT / "simulator" / "fleet.yaml")
    entries = fleet(accounts, SIZE)["endpoints"]
    assert sum(entry["repeat"] for entry in entries) == SIZE == 10_000
    places = {(entry["account"], entry["region"]) for entry in entries}
    assert places == {(account["alias"], region) for account in accounts for region in account["regions"]}
