"""Rows of the Quotas page: words for each figure, where it comes from, and what an unknown one means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.urls import reverse

from dashboards import wording
from fleet import serverless_quotas as known
from fleet.queries.quota_users import Key, User
from fleet.queries.quotas import NEAR, TIGHT, Group, Line

LABELS = {
    known.CONCURRENCY: "Serverless concurrency",
    known.PROVISIONED: "Provisioned concurrency",
    known.SERVERLESS_ENDPOINTS: "Serverless endpoints",
    known.ALL_ENDPOINTS: "Endpoints",
}
COUNTED = {
    known.CONCURRENCY: "Sum of max concurrency over serverless endpoints",
    known.PROVISIONED: "Sum of provisioned concurrency over serverless endpoints",
    known.SERVERLESS_ENDPOINTS: "Serverless endpoints that exist",
    known.ALL_ENDPOINTS: "Endpoints of every kind that exist",
}
INSTANCES_COUNTED = "Instances running or being started, over all variants of this type"
OVERSIZED = 4
"""An endpoint whose max concurrency is this many times its peak is told as a place to take slots from."""


@dataclass(frozen=True)
class Holder:
    """One endpoint that holds a part of the quota. idle: slots it never used at once in seven days, 0 when it did."""

    user: User
    words: str
    idle: int


@dataclass(frozen=True)
class Row:
    """A line as the template draws it. state, word: how full; why_unknown: why there is no limit, "" when there is."""

    line: Line
    label: str
    state: str
    word: str
    why_unknown: str
    source: str
    after: str
    after_tone: str
    holders: list[Holder]
    others: int
    all_url: str
    facts: list[tuple[str, str]]
    overreach: int

    @property
    def over_by(self) -> int:
        """By how much the limit is passed, 0 when it is not."""
        return max(-(self.line.room or 0), 0)


def row(
    line: Line, users: Mapping[Key, Sequence[User]], busiest: Mapping[int, int], more: int, now: datetime
) -> Row:
    """Everything the page says about one line."""
    state, word = _state(line)
    after, tone = _after(line, more)
    shown = list(users.get((line.shard_id, line.subject), ()))
    return Row(
        line=line,
        label=label(line),
        state=state,
        word=word,
        why_unknown=_why_unknown(line),
        source=_source(line),
        after=after,
        after_tone=tone,
        holders=[_holder(line, user) for user in shown],
        others=max(line.endpoints - len(shown), 0),
        all_url=_all_url(line),
        facts=_facts(line, busiest.get(line.shard_id), now),
        overreach=max(line.claim - line.limit, 0) if line.claim is not None and line.limit is not None else 0,
    )


def label(line: Line) -> str:
    """ "Serverless concurrency", "ml.m5.large instances"."""
    return f"{line.instance_type} instances" if line.instance_type else LABELS[line.subject]


def denied(lines: Sequence[Line]) -> tuple[str, str]:
    """(IAM action, AWS's message) of the first line whose quotas cannot be read; ("", "") without one."""
    error = next((line.error for line in lines if line.error), None)
    return (str(error.get("action") or ""), str(error.get("message") or "")) if error else ("", "")


def _state(line: Line) -> tuple[str, str]:
    if line.share is None or line.room is None:
        return "off", "Limit unknown"
    if line.room < 0:
        return "critical", "Over the limit"
    if line.share >= TIGHT:
        return "critical", "Full" if line.room == 0 else "Nearly full"
    return ("warning", "Getting full") if line.share >= NEAR else ("ok", "Room left")


def _after(line: Line, more: int) -> tuple[str, str]:
    if not more or line.room is None:
        return ("", "") if not more else ("cannot tell", "")
    left = line.room - more
    return (f"fits, {left:,} left", "ok") if left >= 0 else (f"{-left:,} over", "failed")


def _why_unknown(line: Line) -> str:
    if line.limit is not None:
        return ""
    if line.error:
        return f"needs {line.error.get('action') or 'Service Quotas'}"
    if line.quotas_read_at is None:
        return "not read yet"
    return "not listed by Service Quotas"


def _source(line: Line) -> str:
    if line.reported is not None:
        return "Service Quotas"
    return "AWS's default" if line.documented is not None else ""


def _holder(line: Line, user: User) -> Holder:
    unit = "" if line.group == Group.CONCURRENCY else " inst."
    peak = "" if user.peak is None else f", peak {user.peak:,}"
    is_oversized = user.peak is not None and user.amount > OVERSIZED * max(user.peak, 1)
    return Holder(user, f"{user.amount:,}{unit}{peak}", user.amount - (user.peak or 0) if is_oversized else 0)


def _all_url(line: Line) -> str:
    query = [("account", line.account_id), ("region", line.region)]
    if line.subject in {known.CONCURRENCY, known.PROVISIONED, known.SERVERLESS_ENDPOINTS}:
        query.append(("kind", "serverless"))
    return f"{reverse('endpoints:page')}?{urlencode(query)}"


def _facts(line: Line, busiest: int | None, now: datetime) -> list[tuple[str, str]]:
    counted = INSTANCES_COUNTED if line.instance_type else COUNTED[line.subject]
    read = f"read {wording.ago(line.mirror_at, now)}" if line.mirror_at else "never read in full"
    facts = [("In use", f"{line.used:,}. {counted}: {wording.plural(line.endpoints, 'endpoint')}, {read}.")]
    if line.pending:
        facts.append(
            ("On its way", f"{line.pending:,} more, asked for by operations of Flotilla that still run.")
        )
    facts += [("Service Quotas", _reported(line, now)), ("AWS's default", _documented(line))]
    if line.claim is not None:
        facts.append(("If all scale out", f"{line.claim:,}: each scalable target at its maximum capacity."))
    if line.subject == known.CONCURRENCY:
        facts += _serverless_facts(line, busiest)
    if line.share is not None:
        facts.append(("Share", f"{line.held:,} ÷ {line.limit:,} = {wording.percent(line.share)}"))
    return facts


def _serverless_facts(line: Line, busiest: int | None) -> list[tuple[str, str]]:
    kept = f"{line.provisioned or 0:,} of it kept warm" + (
        f", up to {line.provisioned_claim:,} by scaling" if line.provisioned_claim is not None else ""
    )
    peak = (
        "not measured: no utilisation was reported in 24 h"
        if busiest is None
        else f"at most {busiest:,} in use at once (highest minutes of all endpoints added, as if together)"
    )
    return [("Provisioned", f"{kept}."), ("Busiest hour in 24 h", f"{peak}.")]


def _reported(line: Line, now: datetime) -> str:
    if line.error:
        what = line.error.get("action") or line.error.get("code") or "an error"
        since = "" if line.reported is None else f" The last value read, {line.reported:,.0f}, is shown."
        return f"cannot be read: {what}. AWS says: {line.error.get('message', '')}{since}"
    if line.quotas_read_at is None:
        return "not read yet."
    ago = wording.ago(line.quotas_read_at, now)
    if line.reported is None:
        return f"lists no such quota, read {ago}."
    return f"{line.reported:,.0f} for “{line.reported_name}”, read {ago}."


def _documented(line: Line) -> str:
    if line.documented is None:
        return "none is documented for this quota and region."
    return f"{line.documented:,}. {known.DOCUMENTED}."
