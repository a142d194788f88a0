"""What the overview tells every reader of a scope alike, drawn, as fleet.queries.kept keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from dashboards.overview import action_rows, charts, news_rows, tiles, trouble_rows
from dashboards.overview.figures import Figures
from dashboards.scope import PageScope
from fleet.queries import best_actions, overview_news
from fleet.queries.best_actions import BestActions
from fleet.queries.kept import Kept, Moment
from fleet.queries.overview_news import News


@dataclass(frozen=True)
class FiguresShown:
    """Figures of a scope and window; tiles, and the cost of each day as a chart and as a table."""

    figures: Figures
    drawn: SafeString


@dataclass(frozen=True)
class TroublesShown:
    """Rows of what needs somebody, and how many they are."""

    rows: SafeString
    count: int


@dataclass(frozen=True)
class ActionsShown:
    """The best actions of a scope, and their rows."""

    best: BestActions
    rows: SafeString


@dataclass(frozen=True)
class NewsShown:
    """What happened since some time, and its rows."""

    news: News
    rows: SafeString


FIRST_LOOK = timedelta(days=7)
"""What is new to somebody who never looked before."""
# Up to some 30 kB each.
_figures: Kept[FiguresShown] = Kept(most=64)
_troubles: Kept[TroublesShown] = Kept(most=64)
_actions: Kept[ActionsShown] = Kept(most=64)
_news: Kept[NewsShown] = Kept(most=64)


def figures(scoped: PageScope, looked: Moment, now: datetime) -> FiguresShown:
    """What stands above the tables."""

    def draw() -> FiguresShown:
        found = Figures.read(scoped.filter, scoped.range, looked)
        return FiguresShown(found, _drawn(found, scoped.query, now))

    return _figures.get((scoped.filter, scoped.range.key, scoped.query), looked, draw)


def troubles(
    scoped: PageScope, found: Figures, looked: Moment, now: datetime, *, may_operate: bool
) -> TroublesShown:
    """What needs somebody. may_operate: the reader may plan operations, so a button may lead to one's form."""

    def draw() -> TroublesShown:
        return TroublesShown(trouble_rows.rows(found, now, may_operate=may_operate), found.trouble_count)

    return _troubles.get((scoped.filter, may_operate), looked, draw)


def actions(scoped: PageScope, looked: Moment, *, may_operate: bool) -> ActionsShown:
    """The best actions; may_operate as above."""

    def draw() -> ActionsShown:
        best = best_actions.best(scoped.filter)
        return ActionsShown(best, action_rows.rows(best, may_operate=may_operate))

    return _actions.get((scoped.filter, may_operate), looked, draw)


def news(scoped: PageScope, since: datetime | None, looked: Moment, now: datetime) -> NewsShown:
    """What happened after `since`, as it is kept for all who looked last at that instant: one person, as a rule.

    since None: somebody who never looked before.
    """

    def draw() -> NewsShown:
        found = overview_news.news(scoped.filter, since or now - FIRST_LOOK)
        return NewsShown(found, news_rows.rows(found, now))

    return _news.get((scoped.filter, since), looked, draw)


def _drawn(figures: Figures, query: str, now: datetime) -> SafeString:
    drawn = {
        "now": now,
        "figures": figures,
        "tiles": tiles.tiles(figures, query),
        "cost_src": f"{reverse('overview:costs')}?{query}",
        "cost_table": charts.cost_table(figures.costs),
        "legend": charts.legend(figures.costs),
    }
    return render_to_string("pages/overview/figures.html", drawn)
