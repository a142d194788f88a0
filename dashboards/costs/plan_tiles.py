"""Tiles of the Savings Plans page: eligible spend, its steadiness, coverage and use of what is held, the advice."""

from decimal import Decimal

from dashboards import wording
from dashboards.costs.wanted import span_words
from dashboards.tiles import Explain, Tile
from fleet.costs.savings_plans import Advice, Outcome
from fleet.queries.savings_plans import Eligible

NO_RATE = "Enter a discount or a rate"
NOT_HELD = "No commitment was entered for these days"


def tiles(found: Eligible, advice: Advice | None, held: Outcome | None, committed: Decimal) -> list[Tile]:
    """Five tiles; none while no whole day has costs. held: what the commitments that were held made of the hours.

    committed: USD an hour that is held today.
    """
    if found.span is None:
        return []
    window = f"{span_words(found.span, found.span.last)}, whole UTC days"
    return [
        _eligible_tile(found, window),
        _hour_tile(found, window),
        *_held_tiles(held, committed, window),
        _best(advice, committed, window),
    ]


def _eligible_tile(found: Eligible, window: str) -> Tile:
    total = found.usd + sum(found.other.values(), Decimal(0))
    share = found.usd / total if total else None
    return Tile(
        "Eligible spend",
        wording.usd(found.usd),
        note=f"{wording.percent(share)} of the spend" if share is not None else "",
        title=wording.usd_exact(found.usd),
        explain=_explain(
            "Instances of real-time, multi-model, multi-container and inference-component endpoints and of "
            "transform jobs, at on-demand prices. Serverless, asynchronous, storage and data are not among what AWS "
            "names.",
            "Σ instance-hours × list price",
            window,
        ),
    )


def _held_tiles(held: Outcome | None, committed: Decimal, window: str) -> list[Tile]:
    coverage, used = (held.coverage, held.utilisation) if held else (None, None)
    reason = (NO_RATE if committed else NOT_HELD) if held is None else "Nothing was used"
    return [
        Tile(
            "Coverage",
            None if coverage is None else wording.percent(coverage),
            note="of the eligible spend",
            reason=reason,
            explain=_explain(
                "What the commitment you hold buys of the eligible spend, at on-demand prices.",
                "Σ on-demand price of what it buys ÷ Σ eligible spend",
                window,
            ),
        ),
        Tile(
            "Utilisation",
            None if used is None else wording.percent(used),
            note="of the commitment",
            reason=reason,
            explain=_explain(
                "What is used of the commitment you hold. The rest is paid for nothing.",
                "Σ min(commitment, use at plan rates) ÷ (commitment × hours)",
                window,
            ),
        ),
    ]


def _best(advice: Advice | None, committed: Decimal, window: str) -> Tile:
    return Tile(
        "Best further commitment" if committed else "Best commitment",
        None if advice is None else wording.usd(advice.outcome.hourly),
        unit="an hour",
        note="" if advice is None else f"saves {wording.usd(advice.saved_a_year)} a year",
        reason=NO_RATE,
        explain=_explain(
            "The commitment that would have cost least over these hours, at the first rates that are known.",
            "least of Σ (commitment + what is beyond it, on demand)",
            window,
        ),
    )


def _hour_tile(found: Eligible, window: str) -> Tile:
    hours = found.by_hour
    steady = min(hours) if hours else None
    mean = sum(hours, Decimal(0)) / len(hours) if hours else None
    return Tile(
        "In every hour",
        wording.usd(steady),
        note=f"mean {wording.usd(mean)}, most {wording.usd(max(hours))}" if hours else "",
        explain=_explain(
            "The quietest hour's eligible spend at on-demand prices: so much was used in every hour.",
            "least of the hourly spend",
            window,
        ),
    )


def _explain(text: str, formula: str, window: str) -> Explain:
    source = "Cost lines by day, shared out over the hours by the instances that were observed"
    return Explain(text, formula=formula, source=source, basis="estimated", window=window)
