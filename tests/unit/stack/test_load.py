"""The fleet of `make load`."""

from collections import Counter

from simulator.load_fleet import KINDS, document
from stack.load import ACCOUNTS, REGIONS, SIZE


def test_the_load_fleet_has_exactly_as_many_endpoints_as_promised_in_every_account_and_region() -> None:
    entries = document(SIZE, ACCOUNTS, REGIONS)
    assert (len(entries["endpoints"]), len(entries["accounts"])) == (10_000, 100)
    places = Counter((entry["account"], entry["region"]) for entry in entries["endpoints"])
    assert set(places) == {(a["alias"], region) for a in entries["accounts"] for region in a["regions"]}
    assert set(places.values()) == {SIZE // ACCOUNTS // REGIONS}
    assert len({entry["name"] for entry in entries["endpoints"]}) == SIZE
    assert len({account["id"] for account in entries["accounts"]}) == ACCOUNTS


def test_every_hosting_kind_has_its_share_whatever_the_size() -> None:
    for size, accounts, regions in ((SIZE, ACCOUNTS, REGIONS), (1000, 10, 5)):
        entries = document(size, accounts, regions)["endpoints"]
        words = Counter(entry["name"].split("-")[1] for entry in entries)
        assert {word: count * 100 / size for word, count in words.items()} == {
            word: share for share, word, _ in KINDS
        }
