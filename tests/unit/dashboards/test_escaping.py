"""HTML that is filled in is what Django's own function makes of it."""

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from dashboards.escaping import filled
from fleet.types import Kind

_VALUES = st.one_of(
    st.text(),
    st.text(alphabet="<>&'\"{}ab"),
    st.text().map(SafeString),
    st.integers(),
    st.decimals(),
    st.none(),
    st.booleans(),
)


@given(st.lists(_VALUES, min_size=3, max_size=3))
def test_what_is_filled_in_reads_as_django_writes_it(values: list[object]) -> None:
    pattern = '<a title="{}">{}</a>{}'
    assert filled(pattern, *values) == format_html(pattern, *values)


def test_values_of_other_types_are_escaped_too() -> None:
    class Named:
        def __str__(self) -> str:
            return "<b>"

    for value in (Named(), Kind.SERVERLESS, gettext_lazy("a < b"), Decimal("1.50"), SafeString("<i>")):
        assert filled("{}", value) == format_html("{}", value)
    assert filled("{}", "<script>") == "&lt;script&gt;"
    assert filled("{}", Named()) == "&lt;b&gt;"


def test_the_result_is_html_that_is_not_escaped_again() -> None:
    once = filled("<b>{}</b>", "a & b")
    assert isinstance(once, SafeString)
    assert filled("{}", once) == "<b>a &amp; b</b>"
