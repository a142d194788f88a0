"""The overview: who needs you, what it costs, what would help most, what happened since you last looked."""

from datetime import datetime, timedelta

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboards import access, htmx, scope
from dashboards.htmx import HtmxHttpRequest
from dashboards.looking import look
from dashboards.overview import action_rows, charts, news_rows, shown
from dashboards.overview.figures import cost_days
from fleet.models import User
from fleet.queries import overview, rolled
from fleet.queries.kept import Moment

VISIT = "overview_visit"
REMEMBERED_EVERY = timedelta(minutes=1)


@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    """The first page after signing in."""
    scoped = scope.read(request, default="30d")
    since, now, looked = _visit(request), timezone.now(), look(request)
    may_operate = access.may(request.user, User.Role.OPERATOR)
    told = shown.figures(scoped, looked, now)
    context = {
        "figures": told.figures,
        "figures_drawn": told.drawn,
        "troubles": shown.troubles(scoped, told.figures, looked, now, may_operate=may_operate),
        **_actions(scoped, looked, may_operate=may_operate),
        **_news(scoped, since, looked, now),
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


def _actions(scoped: scope.PageScope, looked: Moment, *, may_operate: bool) -> dict[str, object]:
    told = shown.actions(scoped, looked, may_operate=may_operate)
    return {
        "best": told.best,
        "action_rows": told.rows,
        "saving": action_rows.together(told.best),
        "best_words": action_rows.told(told.best),
        "advisor_url": action_rows.advisor_url(scoped.query),
    }


def _news(
    scoped: scope.PageScope, since: datetime | None, looked: Moment, now: datetime
) -> dict[str, object]:
    told = shown.news(scoped, since, looked, now)
    return {
        "news": told.news,
        "news_rows": told.rows,
        "news_counts": news_rows.counts(told.news, scoped.query),
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
