"""The Costs page in words and links: its sentence, its chart's caption, its breadcrumb and its choices."""

from datetime import date, timedelta
from typing import Any

from django.urls import reverse

from dashboards import wording
from dashboards.costs import drawing, groups, tiles
from dashboards.costs.drawing import GRAIN_WORDS
from dashboards.costs.figures import SEVEN_DAYS, Figures
from dashboards.costs.missing import missing_parts
from dashboards.costs.period import PRESETS
from dashboards.costs.wanted import PARAMETERS, STACKS, Wanted, span_words, tag_of
from dashboards.scope import PageScope
from dashboards.status import COMPONENT_LABELS
from fleet.models import Account, Endpoint
from fleet.queries.cost_cover import DAY, WEEK, grain_of
from fleet.queries.cost_scope import OF_LINES, GroupBy, Grouping
from fleet.queries.costs import in_order

NOUNS = {
    GroupBy.ACCOUNT: "accounts",
    GroupBy.REGION: "regions",
    GroupBy.TEAM: "teams",
    GroupBy.TAG: "values",
    GroupBy.KIND: "kinds",
    GroupBy.ENDPOINT: "endpoints",
    GroupBy.MODEL: "models",
    GroupBy.COMPONENT: "components",
    GroupBy.INSTANCE_TYPE: "types",
}
GROUP_WORDS = {by: by.value.replace("-", " ").capitalize() for by in PARAMETERS}


def words(figures: Figures) -> dict[str, Any]:
    """The sentence and the heads of the table."""
    span, today = figures.wanted.span, figures.today
    before_yesterday = today - SEVEN_DAYS - timedelta(days=1)
    change, direction = tiles.change_words(
        figures.yesterday.amount, figures.week_before.amount, before_yesterday
    )
    unpriced = len({each.endpoint_id for each in figures.unpriced})
    plan = figures.plan
    return {
        "span": span_words(span, today),
        "month_usd": wording.usd(figures.month.amount),
        "yesterday_usd": wording.usd(figures.yesterday.amount),
        "change": change if direction else "",
        "unpriced_words": wording.plural(unpriced, "endpoint") if unpriced else "",
        "is_one_unpriced": unpriced == 1,
        "missing_parts": missing_parts(figures.missing),
        "before": span_words(plan.before, today) if plan.before else "",
        "compared": span_words(plan.compared, today) if plan.compared else "",
        "why_not": figures.why_not,
    }


def chart(wanted: Wanted, today: date) -> dict[str, Any]:
    """The chart's title, caption and choices."""
    by = drawing.grouping_of(wanted)
    grain = grain_of(wanted.span)
    return {
        "chart_title": {DAY: "Cost per day", WEEK: "Cost per week"}.get(grain, "Cost per month"),
        "chart_caption": f"USD by {GRAIN_WORDS[grain]}, {span_words(wanted.span, today)}, "
        f"stacked by {drawing.words_of(by)}",
        "stacks": [
            (
                GROUP_WORDS[wanted.by] if each == "group" else each.capitalize(),
                wanted.link(stack=each, top=None, others=None),
                each == wanted.stack,
            )
            for each in STACKS
            if each == "group" or each != wanted.by.value
        ],
    }


def chart_src(wanted: Wanted, figures: Figures) -> str:
    """Where the chart is read from, with the groups that the page has found."""
    keys = figures.drawn_keys
    others = "1" if figures.cube.groups > len(keys) else None
    return f"{reverse('costs:chart')}?{wanted.link(open=None, top=keys, others=others)}"


def component_legend(figures: Figures) -> list[tuple[str, str]]:
    """The components in the rows shown, in their order."""
    shown = {key for row in figures.cube.rows for key in row.components}
    return [(key, COMPONENT_LABELS.get(key, key)) for key in in_order(shown)]


def links(wanted: Wanted, scoped: PageScope, tag_keys: list[str], figures: Figures) -> dict[str, Any]:
    """Ranges, groupings, breadcrumb, chips and files."""
    names = _Names(wanted, figures)
    crumbs = wanted.crumbs(names.of)
    return {
        "by": wanted.by.value,
        "by_words": wanted.tag if wanted.by is GroupBy.TAG and wanted.tag else GROUP_WORDS[wanted.by],
        "noun": NOUNS[wanted.by],
        "has_use": wanted.by not in OF_LINES,
        "ranges": [
            (text, wanted.link(range=key, **{"from": None, "to": None}), key == wanted.period.key)
            for key, (text, _) in PRESETS.items()
        ],
        "range_carried": _carried(wanted, "range", "from", "to"),
        "groupings": [
            (
                each.value,
                GROUP_WORDS[each],
                wanted.link(group=each.value, open=None, tag_key=None),
                each is wanted.by,
            )
            for each in PARAMETERS
        ],
        "tag_keys": tag_keys,
        "tag_carried": _carried(wanted, "tag_key", "open"),
        "crumbs": [{"label": "All costs", "url": f"?{_without_filters(wanted)}"}]
        + [
            {"label": text, "url": "" if n == len(crumbs) else f"?{query}"}
            for n, (text, query) in enumerate(crumbs, start=1)
        ]
        if crumbs
        else [],
        "chips": wanted.chips(names.of),
        "csv_url": f"{reverse('costs:csv')}?{wanted.link(open=None)}",
        "groups_csv_url": f"{reverse('costs:groups')}?{wanted.link(open=None)}",
        "groups_json_url": f"{reverse('costs:groups')}?{wanted.link(open=None, format='json')}",
        "budget_url": f"{reverse('costs:budget')}?{scoped.query}",
        "query": scoped.query,
    }


class _Names:
    """Words for filters: account aliases and endpoint names are looked up once, when one is there."""

    def __init__(self, wanted: Wanted, figures: Figures) -> None:
        accounts = [value for by, value in wanted.filters() if by is GroupBy.ACCOUNT]
        ids = wanted.where.endpoints
        self.aliases = dict(figures.aliases)
        if missing := [each for each in accounts if each not in self.aliases]:
            self.aliases |= dict(
                Account.objects.filter(account_id__in=missing).values_list("account_id", "alias")
            )
        self.endpoints = dict(Endpoint.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}

    def of(self, by: GroupBy, value: str) -> str:
        """ "Team: search", "stage: prod", "Account: prod"."""
        if by is GroupBy.TAG:
            key, wanted = tag_of(value)
            return f"{key}: {wanted or 'without it'}"
        if by is GroupBy.ENDPOINT and value.isdigit():
            value = self.endpoints.get(int(value), value)
        elif by is GroupBy.ACCOUNT:
            value = self.aliases.get(value, value)
        elif by is not GroupBy.TEAM:
            value = groups.label(Grouping(by), value)
        return f"{GROUP_WORDS[by]}: {value}"


def _carried(wanted: Wanted, *but: str) -> list[tuple[str, str]]:
    """Names and values of this page's query that a form of it keeps."""
    left_out = {*but, "page"}
    return [
        (name, value) for name, values in wanted.query.lists() if name not in left_out for value in values
    ]


def _without_filters(wanted: Wanted) -> str:
    return wanted.link(**dict.fromkeys(PARAMETERS.values()), open=None)
