"""What each container or inference component costs: the section under the Containers and Components tabs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.http import QueryDict

from dashboards.costs import explain
from dashboards.costs.rows import CENT, apportion
from dashboards.costs.wanted import span_words
from dashboards.tiles import Explain
from fleet.costs.sharing import Basis
from fleet.queries import cost_shares
from fleet.queries.cost_scope import Span
from fleet.queries.cost_shares import Shares
from fleet.queries.endpoint import Activity, Head

LABELS = {Basis.RESERVED: "Reservation", Basis.CALLS: "Calls", Basis.EVENLY: "Evenly"}
FORMULAS = {
    Basis.RESERVED: "cost × instance-hours its copies reserved ÷ instance-hours that ran",
    Basis.CALLS: "cost × its calls ÷ calls of all",
    Basis.EVENLY: "cost ÷ number of parts",
}
_TEXT = (
    "AWS charges for the instances, not for what runs on them. This shares the endpoint's cost out; the parts and what "
    "nobody holds add up to it."
)
_RESERVED = " A copy takes the largest of its shares of an instance's accelerators, vCPUs and memory."


@dataclass(frozen=True)
class ShareRow:
    """One part. usd: cents that add up over the table; exact: every digit; None = not known."""

    name: str
    usd: Decimal | None
    exact: Decimal | None
    share: Decimal | None
    is_rest: bool = False


def context(
    key: str, tab: Mapping[str, Any], head: Head, activity: Activity, query: QueryDict
) -> dict[str, Any]:
    """The section of one tab ("containers" or "components"); ?by= chooses how the cost is shared out.

    tab: the context of the tab itself, whose parts are the ones that share. At most four queries.
    """
    days = activity.window.days
    span = Span(days[0], days[-1])
    chosen = query.get("by", "")
    if key == "containers":
        choices: tuple[Basis, ...] = (Basis.CALLS, Basis.EVENLY)
        usual = Basis.CALLS if tab["is_direct"] else Basis.EVENLY
        names = [row["container"].hostname or f"container {n}" for n, row in enumerate(tab["rows"], start=1)]
        read = cost_shares.containers
    else:
        choices, usual, read = tuple(Basis), Basis.RESERVED, cost_shares.components
        names = [component.name for component, *_ in tab["rows"]]
    basis = Basis(chosen) if chosen in set(choices) else usual
    shares = read(head.endpoint.pk, names, span, basis)
    return {
        "share_rows": _rows(shares),
        "share_total": None
        if shares.sums.amount is None
        else shares.sums.amount.quantize(CENT, ROUND_HALF_UP),
        "shares": shares,
        "share_days": span_words(span, activity.window.end.date()),
        "share_choices": [(LABELS[each], _link(query, each), each is basis) for each in choices],
        "share_explain": Explain(
            _TEXT + (_RESERVED if basis is Basis.RESERVED else ""),
            formula=FORMULAS[basis],
            source="Cost lines of the endpoint; " + _SOURCES[basis],
            basis="estimated",
            window=f"{span_words(span, activity.window.end.date())}, whole UTC days",
            call="sagemaker:DescribeInferenceComponent" if basis is Basis.RESERVED else "",
            lines_url=explain.endpoint_lines_url(head.endpoint.pk, span),
        ),
    }


_SOURCES = {
    Basis.RESERVED: "copies and reservations as observed over time",
    Basis.CALLS: "CloudWatch Invocations (Sum) by part",
    Basis.EVENLY: "the parts that AWS describes",
}


def _rows(shares: Shares) -> list[ShareRow]:
    parts = sorted(shares.split.parts.items(), key=lambda each: (-(each[1] or Decimal(0)), each[0]))
    amounts = [amount for _, amount in parts]
    cents = apportion([*amounts, shares.split.unallocated], shares.sums.amount)
    rows = [
        ShareRow(name, usd, amount, shares.share(name))
        for (name, amount), usd in zip(parts, cents[:-1], strict=True)
    ]
    rest = ShareRow(
        "Unallocated", cents[-1], shares.split.unallocated, shares.unallocated_share, is_rest=True
    )
    return [*rows, rest] if shares.split.unallocated or not parts else rows


def _link(query: QueryDict, basis: Basis) -> str:
    wanted = query.copy()
    wanted["by"] = basis.value
    return wanted.urlencode()
