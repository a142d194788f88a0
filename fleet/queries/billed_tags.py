"""Estimated beside billed by the values of a cost allocation tag: endpoints and jobs that carry it, by component."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, F, Q, Sum

from fleet.costs.bill_words import place
from fleet.costs.lines import add
from fleet.models import BilledTag, DailyCost
from fleet.queries.billing import USD, Standing, jobs_by_day, on_days
from fleet.queries.cost_scope import GroupBy, Grouping, Span
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class TagLine:
    """One day, value of the tag ("" without it) and component, USD; component OTHER: usage that is no hosting.

    estimate, billed: None where there is none. left_out: lines of the estimate without a price or data, which are in no
    sum. is_estimated: AWS may still change the day.
    """

    day: date
    value: str
    component: str
    estimate: Decimal | None = None
    billed: Decimal | None = None
    left_out: int = 0
    is_estimated: bool = False


@dataclass(frozen=True)
class ByTag:
    """One account that names a tag. days: those that both sides cover, None where there is none yet."""

    standing: Standing
    key: str
    days: Span | None
    lines: tuple[TagLine, ...]

    @property
    def has_values(self) -> bool:
        """Whether AWS told of any value; else the key is not activated in billing, or nothing billed has it."""
        return any(line.value and line.billed is not None for line in self.lines)


Place = tuple[int, date, str, str]
"""Account, day, value of its tag, component."""


def by_tag(span: Span, found: Iterable[Standing], *, now: datetime) -> list[ByTag]:
    """Both sides of each account whose bill is read and that names a tag; all of its regions. now: aware.

    Endpoints and jobs count with the tags that they carry now, bills with those of the time of use. At most five
    queries, and one for each different key.
    """
    keys = {each.account.pk: each.tag_key for each in found if each.tag_key}
    named = [each for each in found if each.account.pk in keys]
    spans = _spans(named, span)
    wanted = {pk: days for pk, days in spans.items() if days is not None}
    billed, estimated = _billed(wanted), _estimated(wanted, keys, now)
    lines: dict[int, list[TagLine]] = defaultdict(list)
    for at in sorted(billed.keys() | estimated.keys()):
        usd, is_estimated = billed.get(at, (None, False))
        estimate, left_out = estimated.get(at, (None, 0))
        lines[at[0]].append(TagLine(at[1], at[2], at[3], estimate, usd, left_out, is_estimated))
    return [
        ByTag(each, keys[each.account.pk], spans[each.account.pk], tuple(lines[each.account.pk]))
        for each in named
    ]


def _spans(named: Iterable[Standing], span: Span) -> dict[int, Span | None]:
    """The days of `span` that were read by tag, are there, and are estimated at all, by account."""
    accounts = [each.account for each in named]
    newest = dict(
        BilledTag.objects.filter(account__in=accounts)
        .order_by("account_id", "-day")
        .distinct("account_id")
        .values_list("account_id", "day")
    )
    found: dict[int, Span | None] = {}
    for each in named:
        since = each.reading.tag_from if each.reading else None
        through = newest.get(each.account.pk)
        found[each.account.pk] = None
        if since and through and each.estimated_from:
            days = Span(max(span.first, since, each.estimated_from), min(span.last, through))
            found[each.account.pk] = days if days.first <= days.last else None
    return found


def _billed(wanted: Mapping[int, Span]) -> dict[Place, tuple[Decimal, bool]]:
    found: dict[Place, tuple[Decimal, bool]] = {}
    rows = BilledTag.objects.filter(on_days(wanted, "account_id"), currency=USD)
    columns = ("account_id", "day", "tag_value", "usage_type", "amount", "is_estimated")
    for pk, day, value, usage_type, usd, is_estimated in rows.values_list(*columns):
        at = (pk, day, value, place(usage_type)[0])
        before, was_estimated = found.get(at, (Decimal(0), False))
        found[at] = (before + usd, was_estimated or is_estimated)
    return found


def _estimated(
    wanted: Mapping[int, Span], keys: Mapping[int, str], now: datetime
) -> dict[Place, tuple[Decimal | None, int]]:
    """Amounts and how many lines have none."""
    found: dict[Place, tuple[Decimal | None, int]] = {}
    for key in {keys[pk] for pk in wanted}:
        spans = {pk: span for pk, span in wanted.items() if keys[pk] == key}
        account, value = F("endpoint__shard__account_id"), Grouping(GroupBy.TAG, key).expression()
        rows = DailyCost.objects.filter(on_days(spans, "endpoint__shard__account_id")).order_by()
        groups = rows.annotate(of=account, value=value).values_list("of", "day", "value", "component")
        sums = groups.annotate(usd=Sum("amount"), left_out=Count("pk", filter=Q(amount=None)))
        found |= {(pk, day, tag, part): (usd, left_out) for pk, day, tag, part, usd, left_out in sums}
    for pk, jobs in jobs_by_day(ScopeFilter(), wanted, now).items():
        for job, each in jobs:
            at = (pk, each.day, str(job.tags.get(keys[pk], "")), each.component)
            usd, left_out = found.get(at, (None, 0))
            found[at] = (add([usd, each.amount]), left_out + (each.amount is None))
    return found
