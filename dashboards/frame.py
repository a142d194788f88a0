"""Pieces of the frame that many answers share, drawn once and kept in this process by all that they are made of.

Nothing of one person is in them. A page of 100 accounts in 20 regions would otherwise spend most of its time on its
frame.
"""

from collections.abc import Sequence
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from dashboards import markup, navigation

Named = tuple[tuple[str, str], ...]
"""Value and words of each option of a picker."""


@lru_cache(maxsize=128)
def menu(family: str, incidents: int, operations: int, query: str) -> SafeString:
    """The navigation on a page of `family`, with its counts; every link carries the scope `query`."""
    groups = navigation.links(family, {"incidents": incidents, "operations": operations}, query)
    return render_to_string("frame/navigation.html", {"groups": groups})


def accounts(found: Sequence[tuple[str, str]], chosen: tuple[str, ...]) -> SafeString:
    """Check boxes of the accounts, each beside its id. found: (12-digit id, alias); chosen: ids."""
    return _options("account", tuple(found), chosen)


def regions(found: Sequence[str], chosen: tuple[str, ...]) -> SafeString:
    """Check boxes of the regions."""
    return _options("region", tuple((each, each) for each in found), chosen)


@lru_cache(maxsize=128)
def _options(parameter: str, named: Named, chosen: tuple[str, ...]) -> SafeString:
    return markup.joined(
        markup.scope_option(
            parameter, value, label, is_on=value in chosen, note=value if parameter == "account" else ""
        )
        for value, label in named
    )
