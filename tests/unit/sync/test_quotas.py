"""Documented serverless limits by region, and silence where AWS's table says nothing."""

from fleet.sync.quotas import CONCURRENCY_CODE, documented


def test_concurrency_is_a_thousand_or_five_hundred_by_region() -> None:
    values = {region: {row[0]: row[2] for row in documented(region)} for region in ("us-east-1", "sa-east-1")}
    assert values["us-east-1"][CONCURRENCY_CODE] == 1000
    assert values["sa-east-1"][CONCURRENCY_CODE] == 500


def test_region_outside_the_table_has_no_documented_limit() -> None:
    assert list(documented("xx-nowhere-1")) == []
