"""Tiles of the Billed page: both sides, the gap and what of it nobody can explain."""

from collections.abc import Sequence
from datetime import datetime

from dashboards import wording
from dashboards.costs.wanted import span_words
from dashboards.tiles import Explain, Tile
from fleet.costs.reconcile import Sum
from fleet.queries.billing import Standing
from fleet.queries.cost_scope import Span

NOT_THERE = "No bill is there yet"
CALL = "ce:GetCostAndUsage"


def tiles(whole: Sum, days: Span | None, standings: Sequence[Standing]) -> list[Tile]:
    """Four tiles, none while no day can be compared."""
    if days is None:
        return []
    read_at = min(
        (each.reading.ok_at for each in standings if each.reading and each.reading.ok_at), default=None
    )
    window = f"{span_words(days, days.last)}, UTC days"
    billed, estimated = _billed(window, read_at), _estimated(window, read_at)
    gap = _gap(whole, window, read_at)
    return [
        _tile("Billed", wording.usd(whole.billed), wording.usd_exact(whole.billed), billed),
        _tile("Estimated", wording.usd(whole.estimate), wording.usd_exact(whole.estimate), estimated),
        Tile(
            "Gap",
            wording.usd_change(whole.gap),
            note=f"{wording.percent(abs(whole.share))} of the bill" if whole.share is not None else "",
            title=wording.usd_exact(whole.gap),
            explain=gap,
        ),
        _unexplained(whole, gap),
    ]


def _billed(window: str, read_at: datetime | None) -> Explain:
    return Explain(
        "Unblended cost of the service Amazon SageMaker in these accounts, with credits, discounts and those taxes "
        "that AWS books on the service.",
        formula="Σ unblended cost by region, usage type and kind of record",
        source="AWS Cost Explorer",
        basis="billed",
        call=CALL,
        window=window,
        as_of=read_at,
    )


def _estimated(window: str, read_at: datetime | None) -> Explain:
    return Explain(
        "The daily costs of endpoints, and of transform jobs for the hours they ran in each day.",
        formula="Σ quantity × list price − discount",
        source="AWS Price List over the built-in price snapshot",
        basis="estimated",
        window=window,
        as_of=read_at,
    )


def _gap(whole: Sum, window: str, read_at: datetime | None) -> Explain:
    return Explain(
        "Positive: AWS billed more than Flotilla estimated. The parts below add up to it exactly.",
        formula="billed − estimated",
        inputs=[("Billed", wording.usd(whole.billed)), ("Estimated", wording.usd(whole.estimate))],
        basis="billed",
        window=window,
        as_of=read_at,
    )


def _tile(label: str, number: str, title: str, explain: Explain) -> Tile:
    return Tile(label, number, title=title, reason=NOT_THERE, explain=explain)


def _unexplained(whole: Sum, gap: Explain) -> Tile:
    share = abs(whole.unexplained / whole.billed) if whole.billed else None
    return Tile(
        "Unexplained",
        wording.usd_change(whole.unexplained) if whole.unexplained else wording.usd(0),
        note=f"{wording.percent(share)} of the bill"
        if whole.unexplained and share is not None
        else "of the gap",
        tone="attention" if share is not None and share > 0.01 else "",
        title=wording.usd_exact(whole.unexplained),
        explain=Explain(
            "What is left of the gap when every known cause is taken off: usage that AWS billed and CloudWatch does "
            "not show, or the other way round.",
            formula="gap − Σ known causes",
            inputs=[("Gap", wording.usd_change(whole.gap))],
            basis="billed",
            window=gap.window,
            as_of=gap.as_of,
        ),
    )
