"""The section "By tag" of the Billed page: each value of the tag that an account names, on both sides, and its CSV."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import wording
from dashboards.costs.rows import apportion
from dashboards.costs.wanted import span_words, value_of
from fleet.costs.bill_words import OTHER
from fleet.costs.lines import add
from fleet.costs.reconcile import Sum
from fleet.queries.billed_tags import ByTag, TagLine
from fleet.queries.cost_scope import GroupBy, Grouping, Span
from fleet.queries.export import defused

MOST_ROWS = 50
HEAD = (
    "day", "account_id", "account", "tag_key", "tag_value", "component",
    "estimated_usd", "billed_usd", "gap_usd", "estimated_lines_left_out", "may_change",
)  # fmt: skip


@dataclass(frozen=True)
class TagRow:
    """One value of a tag: both sides of its hosting in cents that add up to the foot; other: billed for no hosting."""

    label: str
    sub: str
    url: str
    sums: Sum
    is_billed: bool
    other: Decimal | None
    estimate: Decimal | None = None
    billed: Decimal | None = None

    @property
    def gap(self) -> Decimal | None:
        """Of the cents that are shown, None where there is neither side."""
        if self.billed is None and self.estimate is None:
            return None
        return (self.billed or Decimal(0)) - (self.estimate or Decimal(0))


@dataclass(frozen=True)
class Problem:
    """Why an account has no values, in words; aws_text: AWS's own, "" where it was no failure."""

    title: str
    text: str
    aws_text: str = ""
    request_id: str = ""
    is_failure: bool = False


@dataclass(frozen=True)
class Section:
    """What the page shows of it. span: "" where no day has both sides."""

    rows: Sequence[TagRow]
    whole: Sum
    other: Decimal | None
    problems: Sequence[Problem]
    keys: Sequence[str]
    span: str

    @classmethod
    def of(cls, found: Sequence[ByTag], query: str, today: date) -> "Section":
        """query: the page's scope and range, which the links keep."""
        lines = [(each.key, line) for each in found for line in each.lines]
        hosting = _sum(line for _, line in lines if line.component != OTHER)
        other = add(line.billed for _, line in lines if line.component == OTHER)
        spans = [each.days for each in found if each.days]
        span = Span(min(s.first for s in spans), max(s.last for s in spans)) if spans else None
        return cls(
            rows=_rows(lines, hosting, query),
            whole=hosting,
            other=other,
            problems=[problem for each in found if (problem := _problem(each))],
            keys=list(dict.fromkeys(each.key for each in found)),
            span=span_words(span, today) if span else "",
        )


def _rows(lines: Sequence[tuple[str, TagLine]], whole: Sum, query: str) -> list[TagRow]:
    """The dearest values first, what has none and what is not shown last."""
    groups: dict[tuple[str, str], list[TagLine]] = defaultdict(list)
    for key, line in lines:
        groups[key, line.value].append(line)
    is_one_key = len({key for key, _ in groups}) == 1
    ordered = sorted(groups, key=lambda at: (not at[1], -_size(groups[at]), at))
    found = [_row(at, groups[at], query, is_one_key=is_one_key) for at in ordered[:MOST_ROWS]]
    rest = [line for at in ordered[MOST_ROWS:] for line in groups[at]]
    if rest:
        label = f"{wording.plural(len(ordered) - MOST_ROWS, 'more value')}"
        found.append(_summed(label, "in the CSV", "", rest))
    estimates = apportion([row.sums.estimate for row in found], whole.estimate)
    billed = apportion([row.sums.billed if row.is_billed else None for row in found], whole.billed)
    return [
        replace(row, estimate=mine, billed=theirs)
        for row, mine, theirs in zip(found, estimates, billed, strict=True)
    ]


def _row(at: tuple[str, str], lines: Sequence[TagLine], query: str, *, is_one_key: bool) -> TagRow:
    key, value = at
    label = value or f"without {key}"
    left_out = sum(line.left_out for line in lines)
    narrowed = urlencode({"tag": value_of(Grouping(GroupBy.TAG, key), value)})
    return _summed(
        label if is_one_key or not value else f"{key}={value}",
        f"{wording.plural(left_out, 'line')} without an amount" if left_out else "",
        f"{reverse('costs:page')}?{'&'.join(part for part in (query, narrowed) if part)}",
        lines,
    )


def _summed(label: str, sub: str, url: str, lines: Iterable[TagLine]) -> TagRow:
    found = list(lines)
    hosting = [line for line in found if line.component != OTHER]
    is_billed = any(line.billed is not None for line in hosting)
    other = add(line.billed for line in found if line.component == OTHER)
    return TagRow(label, sub, url, _sum(hosting), is_billed, other)


def _sum(lines: Iterable[TagLine]) -> Sum:
    found = list(lines)
    return Sum(
        estimate=add(line.estimate for line in found),
        billed=add(line.billed for line in found) or Decimal(0),
        parts={},
        is_estimated=any(line.is_estimated for line in found),
    )


def _size(lines: Sequence[TagLine]) -> Decimal:
    sides = (add(line.estimate for line in lines), add(line.billed for line in lines))
    return max(side or Decimal(0) for side in sides)


def _problem(found: ByTag) -> Problem | None:
    """Why there are no values to show, None where there are."""
    reading, alias = found.standing.reading, found.standing.account.alias
    error = reading and (reading.tag_error or reading.error)
    if error and error["kind"] == "AccessDenied":
        return Problem(
            f"{alias}: no permission to read the bill by {found.key}",
            "The role for reading may not call ce:GetCostAndUsage. What was read before stays below.",
            error["message"],
            error.get("request_id", ""),
            is_failure=True,
        )
    if error:
        text = "What was read before stays below. Flotilla asks again by itself, within a day."
        title = f"{alias}: the bill was not read by {found.key}"
        return Problem(title, text, error["message"], error.get("request_id", ""), is_failure=True)
    if found.days is None:
        return Problem(
            f"{alias}: nothing is there by {found.key} yet for these days.",
            "AWS shows usage up to a day late, and Flotilla asks once a day.",
        )
    if not found.has_values:
        return Problem(
            f"{alias}: {found.key} is not activated in billing.",
            "AWS told of untagged usage alone. Activate the key as a cost allocation tag in the billing of the "
            "management account: AWS tells its values from then on. Or nothing that was billed carries it.",
        )
    return None


def csv_lines(found: Iterable[ByTag]) -> Iterator[str]:
    """CSV text line by line, the head first: account, day, value and component; amounts unrounded.

    The value of what carries no such tag is empty. An empty gap: usage that is no hosting, which nobody estimates.
    """
    yield _text(HEAD)
    for each in found:
        account = each.standing.account
        for line in each.lines:
            gap = (line.billed or Decimal(0)) - (line.estimate or Decimal(0))
            yield _text(
                (
                    line.day.isoformat(),
                    *map(defused, (account.account_id, account.alias, each.key, line.value, line.component)),
                    "" if line.estimate is None else f"{line.estimate:f}",
                    "" if line.billed is None else f"{line.billed:f}",
                    "" if line.component == OTHER else f"{gap:f}",
                    str(line.left_out),
                    "yes" if line.is_estimated else "no",
                )
            )


def _text(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()
