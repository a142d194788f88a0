"""Sorting and paging from hostile query strings."""

import pytest
from django.http import QueryDict

from dashboards.tables import Facet, FacetOption, Page, Sort


@pytest.mark.parametrize(
    ("wanted", "key", "descending"),
    [
        ("-cost", "cost", True),
        ("name", "name", False),
        ("password", "cost", True),
        ("", "cost", True),
        ("--cost", "cost", True),
    ],
)
def test_only_known_columns_sort(wanted: str, key: str, descending: bool) -> None:
    sort = Sort.read(QueryDict(f"sort={wanted}"), {"cost", "name"}, "-cost")
    assert (sort.key, sort.descending) == (key, descending)


@pytest.mark.parametrize(
    ("wanted", "number"), [("2", 2), ("99", 4), ("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("9" * 5000, 1)]
)
def test_a_page_is_always_one_that_exists(wanted: str, number: int) -> None:
    page = Page.read(QueryDict(f"page={wanted}"), total=161)
    assert page.number == number
    assert page.last <= 161


def test_an_empty_list_has_one_empty_page() -> None:
    page = Page.read(QueryDict(""), total=0)
    assert (page.first, page.last, page.pages, page.next) == (0, 0, 1, None)


def test_a_ticked_option_is_never_folded_away() -> None:
    options = [FacetOption(str(n), str(n), 10 - n, is_on=n == 9) for n in range(10)]
    facet = Facet("team", "Team", options, shown=3)
    assert [option.value for option in facet.first] == ["0", "1", "2", "9"]
    assert len(facet.rest) == 6
