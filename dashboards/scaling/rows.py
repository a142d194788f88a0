"""Rows of the Scaling page, written without a template: a hundred of them on every look."""

from collections.abc import Iterable

from django.template.defaultfilters import capfirst
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards import markup
from dashboards.icons import icon_svg
from dashboards.templatetags import units
from fleet.queries.scaling import TargetRow, UnscaledRow

_TARGET = (
    '<tr><th scope="row" class="name card-wide top"><a class="row-link" data-row href="{}">{}</a>'
    '<span class="sub">{} · {} · {}</span></th><td class="top" data-label="Scales">{}<span class="sub">{}</span></td>'
    '<td class="num top" data-label="Now">{}</td><td class="num top" data-label="Bounds">{} – {}</td>'
    '<td class="words card-wide">{}</td></tr>\n'
)
_UNSCALED = (
    '<tr><th scope="row" class="name card-wide"><a class="row-link" href="{}">{}</a>'
    '<span class="sub">{} · {}</span></th><td data-label="Variant">{}</td>'
    '<td class="num" data-label="Provisioned">{}</td></tr>\n'
)
_POLICY = '<li>{} <span class="caption">{} <code>{}</code></span></li>'
_ACTION = '<li>{} <span class="caption">Scheduled action <code>{}</code></span></li>'
_NOTHING = '<li class="muted">No policy and no schedule: the target only holds the bounds.</li>'
_TROUBLE = '<li class="tone-attention">{} {}</li>'
_NOT_READ = "The variant's capacity was not read"


def targets(found: Iterable[TargetRow], query: str) -> SafeString:
    """Scalable targets of endpoints that are there; query: the scope in the URL, which their links keep."""
    return format_html_join("", _TARGET, (_target(row, query) for row in found if row.endpoint))


def unscaled(found: Iterable[UnscaledRow], query: str) -> SafeString:
    """Levels of provisioned concurrency that nothing scales."""
    return format_html_join(
        "",
        _UNSCALED,
        (
            (
                _link(row.endpoint_id, query), markup.truncated(row.endpoint), row.account, row.region,
                row.variant_name, row.provisioned_concurrency,
            )
            for row in found
        ),
    )  # fmt: skip


def _target(row: TargetRow, query: str) -> tuple[object, ...]:
    endpoint = row.endpoint
    assert endpoint is not None
    return (
        _link(endpoint.pk, query), markup.truncated(endpoint.name), markup.kind(endpoint.kind), row.account,
        row.region, row.unit, row.variant_name, units.count(row.current, _NOT_READ), row.minimum, row.maximum,
        words(row),
    )  # fmt: skip


def words(row: TargetRow, *, with_findings: bool = True) -> SafeString:
    """A target's policies, schedules, suspensions and findings as a list."""
    troubles = [f"{capfirst(text)}." for text in row.suspended]
    if with_findings:
        troubles += [f"{text}." for text in row.findings]
    return format_html(
        '<ul class="plain-list">{}{}{}{}</ul>',
        _listed(_POLICY, ((each.text, each.kind, each.name) for each in row.policies)),
        _listed(_ACTION, ((each.text, each.name) for each in row.schedules)),
        SafeString("" if row.policies or row.schedules else _NOTHING),
        _listed(_TROUBLE, ((icon_svg("alert-triangle"), text) for text in troubles)),
    )


def _listed(item: str, found: Iterable[tuple[object, ...]]) -> SafeString:
    return format_html_join("", item, found)


def _link(endpoint_id: int, query: str) -> str:
    url = reverse("endpoints:tab", args=[endpoint_id, "scaling"])
    return f"{url}?{query}" if query else url
