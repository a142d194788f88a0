"""Model cache of multi-model endpoints over a scope. AWS publishes no per-model figures, so none appear here."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Min, Q, QuerySet, Sum, Value

from fleet.analysis.cache import CacheUse, Verdict, verdict
from fleet.models import CacheJudgement, PlaceHour, Shard, VariantStatus
from fleet.queries import keyset, usage
from fleet.queries.cache_sums import EMPTY, FIGURES, Sums, added, before, by_variant, summed
from fleet.queries.cache_sums import SORTS as SORTS
from fleet.queries.rolled import NOT_SUMMED, Freshness, place_q
from fleet.queries.scope import ScopeFilter, TimeRange
from fleet.types import Kind, MetricRow


@dataclass(frozen=True)
class CacheRow:
    """One multi-model endpoint and its cache over the window.

    use.hours counts only time with buckets that have look-ups or unloads; memory and disk: mean over buckets, %.
    verdict: as last judged hour by hour (judgement), else what the window's figures say.
    """

    endpoint_id: int
    name: str
    account: str
    region: str
    owner: str
    instance_type: str
    instance_count: int | None
    use: CacheUse
    verdict: Verdict
    memory_pct: float | None
    disk_pct: float | None
    account_id: str = ""
    variant: str = ""
    variant_id: int = 0
    judgement: CacheJudgement | None = None


@dataclass(frozen=True)
class CachePage:
    """Rows of one page, and what holds over all rows of the scope.

    total: rows in all; use, before: their sums over the window and the one before. thrashing: of all rows those with
    that verdict, the worst hit ratio first; worst: the name and ratio of the row with the lowest. uncounted: rows that
    were judged and of which nobody has entered how many models they host.
    """

    rows: list[CacheRow]
    total: int
    use: CacheUse
    before: CacheUse
    knows_before: bool
    thrashing: list[CacheRow]
    worst: tuple[str, float] | None
    data_until: datetime | None
    uncounted: int = 0


class _Facts(NamedTuple):
    """What the mirror knows of a live variant of an open multi-model endpoint, in the order of _COLUMNS."""

    variant_id: int
    variant: str
    instance_type: str
    instance_count: int | None
    endpoint_id: int
    name: str
    owner: str
    modified_at: datetime
    region: str
    account: str
    account_id: str


_COLUMNS = (
    "pk", "name", "instance_type", "current_instance_count", "endpoint_id", "endpoint__name", "endpoint__owner",
    "endpoint__modified_at", "endpoint__shard__region", "endpoint__shard__account__alias",
    "endpoint__shard__account__account_id",
)  # fmt: skip
"""Plain values: a thousand variants are read for their totals, and four objects each would cost ten times that."""


def page(
    scope: ScopeFilter,
    window: TimeRange,
    fresh: Freshness = NOT_SUMMED,
    *,
    sort: str = "hits",
    descending: bool = False,
    offset: int = 0,
    size: int = 50,
) -> CachePage:
    """A page of the open multi-model endpoints in the scope (the last one beyond it), a variant each, and their sums.

    Shadow variants are left out. Figures are those of fleet.rollups where `fresh` says that these cover the window.
    """
    live, is_summed = _variants(scope), fresh.covers(window)
    # Of thousands only the name is read here: what else a row shows is read for those that are shown.
    names: dict[int, str] = dict(live.values_list("pk", "endpoint__name"))
    found = summed(live, window) if is_summed else by_variant(names, window, usage.bucket_model(window))
    now = {pk: found.get(pk, EMPTY) for pk in names}
    kept = _kept(live)
    worst = _by_figure(_figures("hits", now, kept), sorted(names, key=names.__getitem__))
    ordered = worst
    if sort == "name":
        ordered = sorted(worst, key=names.__getitem__, reverse=descending)
    elif (sort, descending) != ("hits", False):
        ordered = _by_figure(_figures(sort, now, kept), worst, descending)
    first = min(offset, max(len(ordered) - 1, 0) // size * size)
    shown = ordered[first : first + size]
    # Whether a change explains the misses is told by the endpoint, so those that may thrash are read as well.
    verdicts = {pk: each.verdict for pk, each in kept.items()}
    bad = [pk for pk in worst if _verdict(verdicts.get(pk), now[pk].use) is Verdict.THRASHING]
    rows, knows_before = _rows(live, {*shown, *bad}, now, window), _knows_before(live, window)
    return CachePage(
        rows=[rows[pk] for pk in shown if pk in rows],
        total=len(names),
        use=added([sums.use for sums in now.values()]),
        before=before(live, window, is_summed=is_summed) if knows_before else added([]),
        knows_before=knows_before,
        thrashing=[rows[pk] for pk in bad if pk in rows and rows[pk].verdict is Verdict.THRASHING],
        worst=next(
            ((names[pk], ratio) for pk in worst if (ratio := now[pk].use.hit_ratio) is not None), None
        ),
        data_until=live.aggregate(until=Min("metrics_until"))["until"],
        uncounted=sum(each.hosted is None for each in kept.values()),
    )


def judgement(variant_id: int) -> CacheJudgement | None:
    """How the cache of a variant was judged last."""
    return _judged([variant_id]).first()


class _Kept(NamedTuple):
    """What every judged variant is read with: hosted None = nobody has entered it."""

    verdict: str
    hosted: int | None
    gain: float | None


def _kept(live: QuerySet[VariantStatus]) -> dict[int, _Kept]:
    """Kept judgements by variant."""
    all_judged = CacheJudgement.objects.filter(variant__in=live.order_by().values("pk")).order_by()
    rows = all_judged.values_list("variant_id", *_Kept._fields)
    return {pk: _Kept(*figures) for pk, *figures in rows}


def _judged(variant_ids: Iterable[int]) -> QuerySet[CacheJudgement]:
    return CacheJudgement.objects.filter(variant__in=list(variant_ids)).order_by()


def _verdict(kept: str | None, use: CacheUse) -> Verdict:
    """The kept verdict knows what was before (hysteresis); without data in the time it read, the window's own."""
    return verdict(use) if kept in (None, Verdict.NO_DATA) else Verdict(kept)


def _rows(
    live: QuerySet[VariantStatus], pks: Collection[int], now: Mapping[int, Sums], window: TimeRange
) -> dict[int, CacheRow]:
    facts = (_Facts(*row) for row in live.filter(pk__in=pks).values_list(*_COLUMNS))
    kept = {each.variant_id: each for each in _judged(pks)}
    return {
        each.variant_id: _row(each, now[each.variant_id], window, kept.get(each.variant_id)) for each in facts
    }


def _figures(sort: str, found: Mapping[int, Sums], kept: Mapping[int, _Kept]) -> dict[int, float | None]:
    """A column's figure by variant."""
    if sort == "gain":
        return {pk: kept[pk].gain if pk in kept else None for pk in found}
    return {pk: FIGURES[sort](sums) for pk, sums in found.items()}


def _by_figure(
    figures: Mapping[int, float | None], base: Sequence[int], descending: bool = False
) -> list[int]:
    """Variants by a figure, those without one last whichever way round; equal ones as in `base`."""
    known = {pk: figure for pk in base if (figure := figures[pk]) is not None}
    return sorted(known, key=known.__getitem__, reverse=descending) + [pk for pk in base if pk not in known]


def _knows_before(live: QuerySet[VariantStatus], window: TimeRange) -> bool:
    """Whether the history of every variant's shard reaches over the window before."""
    short = Shard.objects.exclude(usage.reaching(window.previous.start))
    return usage.is_kept_apart(window) or not live.filter(endpoint__shard__in=short).exists()


def by_key(
    scope: ScopeFilter, window: TimeRange, *, after: keyset.Key | None, limit: int
) -> tuple[keyset.Slice[CacheRow], datetime | None]:
    """The rows of `page` by name, `limit` of them after a key (name, variant id); until when every one has data.

    Four queries.
    """
    variants = _variants(scope).select_related("endpoint__shard__account")
    found = keyset.rows(variants, ("endpoint__name", "pk"), after, limit)
    sums = by_variant([v.pk for v in found.rows], window, usage.bucket_model(window))
    kept = {each.variant_id: each for each in _judged([v.pk for v in found.rows])}
    rows = [_row(_facts(v), sums.get(v.pk, EMPTY), window, kept.get(v.pk)) for v in found.rows]
    until = variants.order_by().aggregate(until=Min("metrics_until"))["until"]
    return keyset.Slice(rows, found.last), until


def _variants(scope: ScopeFilter) -> QuerySet[VariantStatus]:
    """Live variants of open multi-model endpoints."""
    is_there = Q(endpoint__closed_at=None, removed_at=None, is_shadow=False)
    found = VariantStatus.objects.filter(
        scope.q("endpoint__shard"), is_there, endpoint__kind=Kind.MULTI_MODEL
    )
    return found.order_by().defer("endpoint__document", "endpoint__search_text", "endpoint__tags")


def _facts(variant: VariantStatus) -> _Facts:
    endpoint = variant.endpoint
    shard = endpoint.shard
    return _Facts(
        variant.pk, variant.name, variant.instance_type, variant.current_instance_count, endpoint.pk, endpoint.name,
        endpoint.owner, endpoint.modified_at, shard.region, shard.account.alias, shard.account.account_id,
    )  # fmt: skip


def buckets(scope: ScopeFilter, window: TimeRange, fresh: Freshness = NOT_SUMMED) -> list[MetricRow]:
    """Hits, look-ups and unloads added over the variants that `page` counts, per stored bucket, oldest first.

    Hours come from the places that make up the scope, where `fresh` says that these are whole.
    """
    places = None if window.has_fine_buckets or not fresh.covers(window) else place_q(scope)
    within = Q(at__gte=window.start, at__lt=window.end)
    hours: QuerySet[Any]
    if places is not None:
        hours = PlaceHour.objects.filter(places, within).annotate(period_s=Value(3600))
        names = ("cache_hits", "cache_lookups", "unloads")
        # A place has an hour as soon as anything ran in it; a cache only where one was used.
        used = Q(hit_sum__isnull=False) | Q(lookup_sum__isnull=False) | Q(unload_sum__isnull=False)
    else:
        hours = usage.bucket_model(window).objects.filter(
            within, variant__in=_variants(scope).defer(None).only("pk")
        )
        names = ("cache_hit_sum", "cache_hit_count", "unload_count")
        used = Q()
    sums = dict(zip(("hit_sum", "lookup_sum", "unload_sum"), map(Sum, names), strict=True))
    found: QuerySet[Any, Any] = hours.order_by("at").values("at", "period_s").annotate(**sums).filter(used)
    return [
        MetricRow(
            0,
            row["at"],
            row["period_s"],
            {
                "cache_hit_sum": row["hit_sum"],
                "cache_hit_count": row["lookup_sum"],
                "unload_count": row["unload_sum"],
            },
        )
        for row in found
    ]


def _row(variant: _Facts, sums: Sums, window: TimeRange, judgement: CacheJudgement | None) -> CacheRow:
    now = verdict(sums.use, changed_at=variant.modified_at, until=window.end)
    if judgement is not None and judgement.verdict != Verdict.NO_DATA:
        now = Verdict(judgement.verdict)
    return CacheRow(
        endpoint_id=variant.endpoint_id,
        name=variant.name,
        account=variant.account,
        region=variant.region,
        owner=variant.owner,
        instance_type=variant.instance_type,
        instance_count=variant.instance_count,
        use=sums.use,
        verdict=now,
        memory_pct=sums.memory_pct,
        disk_pct=sums.disk_pct,
        account_id=variant.account_id,
        variant=variant.variant,
        variant_id=variant.variant_id,
        judgement=judgement,
    )
