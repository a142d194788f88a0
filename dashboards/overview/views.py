"""The overview: who needs you, what it costs, what would help most, what happened since you last looked."""

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.htmx import HtmxHttpRequest
from dashboards.overview import action_rows, charts, news_rows, tiles, trouble_rows
from dashboards.overview.figures import Figures, cost_days
from fleet.models import User
from fleet.queries import best_actions, overview, overview_news, rolled

VISIT = "overview_visit"
REMEMBERED_EVERY = timedelta(minutes=1)
FIRST_LOOK = timedelta(days=7)
"""What is new to somebody who never looked before."""


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """The first page after signing in."""
    scoped = scope.read(request, default="30d")
    since = _visit(request)
    figures, now = Figures.read(scoped.filter, scoped.range), timezone.now()
    may_operate = access.may(request.user, User.Role.OPERATOR)
    context = {
        "figures": figures,
        "trouble_rows": trouble_rows.rows(figures, now, may_operate=may_operate),
        **_actions(scoped, may_operate=may_operate),
        **_news(scoped, since, now),
        "tiles": tiles.tiles(figures, scoped.query),
        "cost_src": f"{reverse('overview:costs')}?{request.GET.urlencode()}",
        "cost_table": charts.cost_table(figures.costs),
        "legend": charts.legend(figures.costs),
        "since": since,
        "query": scoped.query,
    }
    return htmx.page(request, "pages/overview/page.html", context, part="overview-trouble")


@require_GET
def costs(request: HtmxHttpRequest) -> HttpResponse:
    """Figure JSON: cost per day by kind, with incidents marked."""
    scoped = scope.read(request, default="30d")
    days = cost_days(scoped.range)
    found = overview.costs(scoped.filter, days, rolled.freshness(scoped.filter))
    return htmx.figure(charts.cost_per_day(found, charts.incident_marks(scoped.filter, found)))


def _actions(scoped: scope.PageScope, *, may_operate: bool) -> dict[str, object]:
    found = best_actions.best(scoped.filter)
    return {
        "best": found,
        "action_rows": action_rows.rows(found, may_operate=may_operate),
        "saving": action_rows.together(found),
        "best_words": action_rows.told(found),
        "advisor_url": action_rows.advisor_url(scoped.query),
    }


def _news(scoped: scope.PageScope, since: datetime | None, now: datetime) -> dict[str, object]:
    found = overview_news.news(scoped.filter, since or now - FIRST_LOOK)
    return {
        "news": found,
        "news_rows": news_rows.rows(found, now),
        "news_counts": news_rows.counts(found, scoped.query),
    }


def _visit(request: HtmxHttpRequest) -> datetime | None:
    """Since when changes are new to this reader; remembers this look."""
    now = timezone.now()
    kept = request.session.get(VISIT) or {}
    last, since = (datetime.fromisoformat(kept[key]) if kept.get(key) else None for key in ("last", "since"))
    since = overview.visit(request.user.overview_seen_at, last, since, now)
    # Half an hour without a look begins a new visit: to the minute is near enough, and spares most looks a write.
    if last is None or now - last > REMEMBERED_EVERY:
        request.session[VISIT] = {"last": now.isoformat(), "since": since.isoformat() if since else None}
    seen = request.user.overview_seen_at
    if seen is None or now - seen > REMEMBERED_EVERY:
        User.objects.filter(pk=request.user.pk).update(overview_seen_at=now)
    return since
