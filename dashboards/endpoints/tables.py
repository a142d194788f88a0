"""Words of the endpoints table: what a cell says when there is no figure, and why."""

from dataclasses import dataclass
from datetime import datetime

from dashboards import status, wording
from fleet.queries.endpoint_rows import Row
from fleet.queries.endpoints import State
from fleet.types import EndpointStatus, Kind

NOT_FOR_KIND = "·"
WHY = {
    "no access": "AWS refused to describe this endpoint",
    "no calls": "No call in this window",
    "no data": "CloudWatch reported nothing in this window",
}


@dataclass(frozen=True)
class Cell:
    """One cell: text, the exact figure or the reason as title, and a tone; is_word draws it grey."""

    text: str
    title: str = ""
    tone: str = ""
    is_word: bool = False

    @property
    def is_for_other_kinds(self) -> bool:
        """The figure does not exist for this kind of endpoint."""
        return self.text == NOT_FOR_KIND


@dataclass(frozen=True)
class Line:
    """A row as the template draws it."""

    row: Row
    p99: Cell
    cold: Cell
    hit: Cell
    errors: Cell
    cost: Cell
    capacity: Cell
    no_spark: str


def state(row: Row) -> str:
    """What is drawn as its state: what needs somebody first, else AWS's own word."""
    if (row.state == State.CRITICAL and row.incident) or row.state == State.WARNING:
        return row.state
    if row.is_unreadable:
        return "unreadable"
    return State.CLOSED if row.state == State.CLOSED else row.status


def changing_since(row: Row) -> datetime | None:
    """Since when AWS has been changing the endpoint; its own updates of a system have no such time."""
    is_changing = state(row) == row.status and row.state == State.CHANGING
    return row.status_since if is_changing and row.status != EndpointStatus.SYSTEM_UPDATING else None


def line(row: Row) -> Line:
    """All cells of one row."""
    why = _why_nothing(row)
    measures = row.measures
    return Line(
        row=row,
        p99=_p99(row, why),
        cold=_ratio(row, measures.cold_share, (Kind.SERVERLESS,), why, "No ModelSetupTime sample in 30 days"),
        hit=_hit(row, why),
        errors=_errors(row, why),
        cost=_cost(row),
        capacity=_capacity(row),
        no_spark=why,
    )


def _why_nothing(row: Row) -> str:
    if row.is_unreadable:
        return "no access"
    if row.measures.calls is None:
        return "no data"
    return "no calls" if row.measures.calls == 0 else ""


def _word(text: str, title: str) -> Cell:
    return Cell(text, title, is_word=True)


def _p99(row: Row, why: str) -> Cell:
    value = row.measures.p99_ms
    if value is None:
        return _word(why or "no data", "CloudWatch reported no latency in this window")
    return Cell(wording.millis(value), f"{value:,.1f} ms, p99 of the middle bucket of the window")


def _ratio(row: Row, value: float | None, kinds: tuple[Kind, ...], why: str, reason: str) -> Cell:
    if row.kind not in kinds:
        return _word(NOT_FOR_KIND, f"Not published for {status.KIND_LABELS.get(row.kind, row.kind)}")
    if value is None:
        return _word(wording.UNKNOWN, WHY.get(why, reason))
    return Cell(wording.percent(value, unit=False), f"{value * 100:.4g} %")


def _hit(row: Row, why: str) -> Cell:
    cell = _ratio(row, row.measures.hit_ratio, (Kind.MULTI_MODEL,), why, "ModelCacheHit was not reported")
    value = row.measures.hit_ratio
    return Cell(cell.text, cell.title, "attention") if value is not None and value < 0.8 else cell


def _errors(row: Row, why: str) -> Cell:
    value = row.measures.error_share
    if value is None:
        return _word(wording.UNKNOWN, WHY.get(why, "Not reported"))
    return Cell(
        wording.percent(value, unit=False), f"{value * 100:.4g} %", "attention" if value >= 0.003 else ""
    )


def _cost(row: Row) -> Cell:
    cost = row.cost
    if cost.usd is None:
        if cost.unpriced:
            return _word("unpriced", f"{wording.plural(cost.unpriced, 'cost line')} without a price")
        return _word(wording.UNKNOWN, "No cost has been worked out for this month yet")
    title = wording.usd_exact(cost.usd)
    if cost.unpriced:
        title += f", without {wording.plural(cost.unpriced, 'unpriced line')}"
    return Cell(wording.amount(cost.usd), title)


def _capacity(row: Row) -> Cell:
    if row.is_unreadable and row.max_concurrency is None and row.instances is None:
        return _word("no access", "AWS refused to describe this endpoint")
    if row.state == State.CLOSED:
        return _word("deleted", "Deleted in AWS")
    if row.copies is not None:
        return Cell(wording.plural(row.copies, "copy", "copies"), "Copies of inference components")
    if row.max_concurrency is not None:
        used = row.concurrency_used
        shown = wording.UNKNOWN if used is None else f"{used:.0f}"
        return Cell(
            f"{shown} / {row.max_concurrency}", "Most slots in use at once in this window, of max concurrency"
        )
    if row.instances is None:
        return _word(wording.UNKNOWN, "AWS reports no instances")
    if row.desired_instances not in {None, row.instances}:
        return Cell(f"{row.instances} → {row.desired_instances}", "Instances now and wanted")
    return Cell(f"{row.instances} inst.", wording.plural(row.instances, "instance"))
