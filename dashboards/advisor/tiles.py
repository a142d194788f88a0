"""Tiles of the Advisor's list: how much advice there is, what it would save, how it was judged."""

from dashboards import wording
from dashboards.advisor import words
from dashboards.tiles import Explain, Tile
from fleet.models import AdvisorRun
from fleet.queries.advice import Counted

SUM = (
    "Of each endpoint only the advice with the highest sure saving counts, because what helps one endpoint in two ways "
    "rarely adds up. Sets that could share an endpoint stand under Sharing and are not in this sum."
)


def tiles(found: Counted, run: AdvisorRun | None) -> list[Tile]:
    """Of what the filter means."""
    return [
        Tile(
            "Advice",
            wording.count(found.total),
            note=f"on {wording.plural(found.endpoints, 'endpoint')}",
            explain=_explain(run, "Advice that is true now and passes the filter."),
        ),
        Tile(
            "Saving together",
            words.together(found.low, found.high) or None,
            unit="a month" if found.low is not None else "",
            note=f"of {wording.plural(found.saving, 'endpoint')}" if found.saving else "",
            reason="No advice in this list claims a saving",
            explain=_explain(run, SUM, formula="Σ over endpoints of the surest saving"),
        ),
        Tile(
            "Judged",
            None if run is None or run.ended_at is None else wording.count(run.endpoints),
            unit="endpoints",
            note="" if run is None or not run.failed else f"{run.failed} could not be judged",
            tone="attention" if run is not None and run.failed else "",
            reason="The advisor has not looked yet",
            explain=_explain(run, "Open endpoints whose stored figures every rule was run on, once an hour."),
        ),
    ]


def _explain(run: AdvisorRun | None, text: str, formula: str = "") -> Explain:
    return Explain(
        text, formula=formula, source="Flotilla's rules: docs/advisor.md", basis="estimated",
        as_of=run.ended_at if run else None, window="14 days of whole hours", call="read from stored figures",
    )  # fmt: skip
