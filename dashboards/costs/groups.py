"""Rows of "where it goes": groups worded, with their change against the span before, their use and their links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache

from django.urls import reverse
from django.utils.safestring import SafeString

from dashboards import wording
from dashboards.costs.rows import LineRow, bar, endpoint_url, line_table, missing_words
from dashboards.costs.wanted import Wanted
from dashboards.status import COMPONENT_LABELS, KIND_LABELS
from fleet.costs.serverless import UNREAD
from fleet.models import Endpoint
from fleet.queries.cost_cube import CubeRow, Use
from fleet.queries.cost_lines import FormulaLine
from fleet.queries.cost_scope import GroupBy, Grouping, Sums

_WITHOUT = {
    GroupBy.TEAM: "no team",
    GroupBy.MODEL: "no model named",
    GroupBy.INSTANCE_TYPE: "no type",
}
NEXT = {GroupBy.ACCOUNT: GroupBy.REGION}
"""What a group opens into; everything else opens into its endpoints."""


class Moved(StrEnum):
    """How a group stands to the span before."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Change:
    """A group against the span before. usd, ratio: None when not known; 0.08 is 8 % more. why: of an unknown one."""

    moved: Moved
    usd: Decimal | None = None
    ratio: Decimal | None = None
    why: str = ""

    @property
    def words(self) -> str:
        """ "+$12.30", "−$4.00", "no change"."""
        if self.usd is None:
            return ""
        return "no change" if self.usd == 0 else wording.usd_change(self.usd)

    @property
    def percent(self) -> str:
        """ "+8 %", "new", "gone"."""
        if self.moved in {Moved.NEW, Moved.GONE}:
            return self.moved.value
        if self.ratio is None:
            return ""
        return f"{'+' if self.ratio > 0 else '−' if self.ratio < 0 else ''}{wording.percent(abs(self.ratio))}"

    @property
    def tone(self) -> str:
        """Only a rise that somebody should look at is coloured."""
        is_rise = (
            self.usd is not None and self.usd > 0 and (self.ratio is None or self.ratio >= Decimal("0.05"))
        )
        return "tone-attention" if is_rise else "muted"


@dataclass(frozen=True)
class CostRow:
    """One group as it is drawn. amount: cents that add up over the table; share of the table's total, 0 to 1."""

    key: str
    found: CubeRow
    label: str
    sub: str
    url: str
    endpoint: Endpoint | None
    amount: Decimal | None
    share: Decimal | None
    bar: SafeString
    change: Change
    use: Use
    is_open: bool
    toggle: str
    lines: Sequence[LineRow]
    reason: str

    @property
    def usd_per_1000(self) -> Decimal | None:
        """Cost per 1,000 calls; None without calls or without an amount."""
        return per(self.found.amount, self.use.calls, 1000)

    @property
    def usd_per_compute_s(self) -> Decimal | None:
        """Cost per second of model latency; None without such seconds or without an amount."""
        return per(self.found.amount, self.use.compute_s)

    @property
    def unused(self) -> Decimal | None:
        """Share of the cost that was idle or spare, 0 to 1; None when neither can be told."""
        return unused(self.use, self.found.amount)


def per(amount: Decimal | None, of: float | None, times: int = 1) -> Decimal | None:
    """`times` × amount ÷ of; None without either."""
    return None if amount is None or not of else amount * times / Decimal(repr(of))


def unused_usd(use: Use) -> Decimal | None:
    """Idle instance time and spare kept-warm time together; None when neither can be told."""
    known = [usd for usd in (use.idle_usd, use.spare_usd) if usd is not None]
    return sum(known, Decimal(0)) if known else None


def unused(use: Use, amount: Decimal | None) -> Decimal | None:
    """Their share of an amount, 0 to 1."""
    usd = unused_usd(use)
    return usd / amount if usd is not None and amount else None


def change(found: CubeRow, why_not: str) -> Change:
    """A group against the span before. why_not: why nothing can be compared, "" when it can."""
    if why_not:
        return Change(Moved.UNKNOWN, why=why_not)
    if not found.lines_before:
        return Change(Moved.NEW, found.compared)
    if not found.lines:
        return Change(Moved.GONE, None if found.before is None else -found.before)
    if found.compared is None or found.before is None:
        return Change(Moved.UNKNOWN, why="One of the two spans has no amount")
    usd = found.compared - found.before
    return Change(Moved.CHANGED, usd, usd / found.before if found.before else None)


def sums(found: CubeRow) -> Sums:
    """The span's sum with what is missing in it."""
    return Sums(found.amount, found.unpriced, found.no_data)


def cost_row(
    found: CubeRow,
    cents: Decimal | None,
    total: Decimal | None,
    wanted: Wanted,
    *,
    endpoint: Endpoint | None,
    alias: str,
    use: Use,
    why_not: str,
    opened: Mapping[str, Sequence[FormulaLine]],
) -> CostRow:
    """One group worded; total: of the table, unrounded."""
    is_open = found.key in wanted.opened
    named = alias or (endpoint.name if endpoint else label(wanted.grouping, found.key))
    return CostRow(
        key=found.key,
        found=found,
        label=named,
        sub=_sub(found, wanted.by, endpoint, named),
        url=_url(found.key, wanted),
        endpoint=endpoint,
        amount=cents,
        share=found.amount / total if total and found.amount is not None else None,
        bar=bar(found.components, named),
        change=change(found, why_not),
        use=use,
        is_open=is_open,
        toggle=wanted.toggle(found.key),
        lines=line_table(opened.get(found.key, ()), cents).rows if is_open else (),
        reason=missing_words(sums(found)) or ("Not in this span any more" if not found.lines else ""),
    )


def label(by: Grouping, key: str) -> str:
    """A group's key in words; endpoints and accounts have names of their own."""
    if by.by is GroupBy.KIND:
        return KIND_LABELS.get(key, key)
    if by.by is GroupBy.COMPONENT:
        return COMPONENT_LABELS.get(key, key)
    if by.by is GroupBy.TAG:
        return key or f"without {by.tag or 'a tag'}"
    if by.by is GroupBy.INSTANCE_TYPE and key:
        return _type(key)
    return key or _WITHOUT.get(by.by, "none")


def _type(item: str) -> str:
    """ "ml.g5.xlarge", "Serverless, 4 GB", "gp2 volume"."""
    if item == UNREAD:
        return "hours not read"
    if item.isdigit():
        return f"Serverless, {int(item) / 1024:g} GB"
    return item if "." in item else f"{item} storage or data"


def _sub(found: CubeRow, by: GroupBy, endpoint: Endpoint | None, named: str) -> str:
    if endpoint:
        shard = endpoint.shard
        gone = "deleted in AWS" if endpoint.closed_at else ""
        words = [
            shard.account.alias,
            shard.region,
            f"team {endpoint.team}" if endpoint.team else "no team",
            gone,
        ]
    else:
        words = [found.key if by is GroupBy.ACCOUNT and named != found.key else ""]
    if found.amount is not None:
        words.append(missing_words(sums(found)))
    return " · ".join(filter(None, words))


def _url(key: str, wanted: Wanted) -> str:
    """An endpoint's own page; of another group this page, narrowed to it and grouped by what is in it."""
    if wanted.by is GroupBy.ENDPOINT:
        return endpoint_url(key)
    following = NEXT.get(wanted.by, GroupBy.ENDPOINT)
    if following is GroupBy.REGION and wanted.where.scope.regions:
        following = GroupBy.ENDPOINT
    return f"{_page_url()}?{wanted.narrowed(key, following)}"


@cache
def _page_url() -> str:
    return reverse("costs:page")
