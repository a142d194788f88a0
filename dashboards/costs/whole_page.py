"""What the Costs page tells every reader of an address alike, as fleet.queries.kept keeps it.

Its sums grow with the fleet, while all of them are as old as the last reading of metrics. Few are kept: a page is some
hundred kilobytes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import QueryDict

from dashboards.costs import batch, page_words, rose, table_rows, tiles
from dashboards.costs.figures import Figures
from dashboards.costs.wanted import Wanted
from dashboards.scope import PageScope
from dashboards.tables import Sort
from fleet.queries import billing, cost_tags
from fleet.queries import budgets as budget_queries
from fleet.queries.cost_scope import GroupBy
from fleet.queries.kept import Kept, Moment

_pages: Kept[Mapping[str, Any]] = Kept(most=8)


def told(
    query: QueryDict, scoped: PageScope, looked: Moment, now: datetime, *, is_part: bool
) -> Mapping[str, Any]:
    """The page's context without what is of the reader or the request. is_part: its table alone is drawn."""
    key = (tuple((name, tuple(values)) for name, values in query.lists()), now.date(), is_part)
    return _pages.get(key, looked, lambda: _read(query, scoped, now, is_part=is_part))


def asked(query: QueryDict, scoped: PageScope) -> tuple[Wanted, list[str]]:
    """The wish and, for a grouping by tag, the keys in use; the commonest stands in for one that is not named."""
    wanted = Wanted.read(query, scoped)
    if wanted.by is not GroupBy.TAG:
        return wanted, []
    keys = cost_tags.keys(wanted.where)
    return wanted if wanted.tag else replace(wanted, tag=keys[0] if keys else ""), keys


def _read(query: QueryDict, scoped: PageScope, now: datetime, *, is_part: bool) -> Mapping[str, Any]:
    wanted, tag_keys = asked(query, scoped)
    figures = Figures.read(wanted, now.date())
    rows, rest = figures.table()
    return {
        "figures": figures,
        "wanted": wanted,
        "rows": rows,
        "table_rows": table_rows.body(rows, wanted.by),
        "rest": rest,
        "rest_count": figures.cube.groups - len(rows),
        "sort": Sort(wanted.order.value, not wanted.ascending),
        "tiles": tiles.tiles(figures),
        "batch": batch.line(wanted, scoped),
        "billed_through": billing.billed_through(scoped.filter),
        "rose": None if is_part else rose.read(wanted.where, now),
        "can_budget": budget_queries.account_of(wanted.where) is not None,
        **page_words.words(figures),
        "chart_src": page_words.chart_src(wanted, figures),
        "component_legend": page_words.component_legend(figures),
        **page_words.chart(wanted, now.date()),
        **page_words.links(wanted, scoped, tag_keys, figures),
    }
