"""The forecast as a tile, and where it comes from in words: shared by Costs, Overview and Budgets."""

from dashboards import wording
from dashboards.tiles import Explain, Tile
from fleet.costs.forecast import METHOD
from fleet.queries.forecast import Outlook


def forecast_tile(seen: Outlook, *, label: str = "Forecast", lines_url: str = "") -> Tile:
    """What the period will have cost; "—" with the reason where nothing can be said.

    lines_url: where the lines of what is known of it stand.
    """
    ahead = seen.forecast
    if ahead.total is None or ahead.low is None or ahead.high is None:
        return Tile(label, None, reason=ahead.reason, explain=forecast_explain(seen, lines_url))
    return Tile(
        label,
        wording.usd(ahead.total),
        note=f"{wording.usd(ahead.low)} – {wording.usd(ahead.high)} at {ahead.last.day} {ahead.last:%b}",
        title=wording.usd_exact(ahead.total),
        explain=forecast_explain(seen, lines_url),
    )


def forecast_explain(seen: Outlook, lines_url: str = "") -> Explain:
    """The method, its inputs and what it does not know."""
    ahead = seen.forecast
    inputs = [
        ("So far", wording.usd(ahead.spent)),
        ("Today so far", wording.usd(seen.today)),
        ("Days of history", str(ahead.history_days)),
    ]
    if ahead.total is not None:
        inputs.append(("Trend", f"{ahead.weekly * 100:+.1f} % a week, damped".replace("-", "−")))
        inputs.append(("Four in five outcomes", f"{wording.usd(ahead.low)} – {wording.usd(ahead.high)}"))
    if ahead.shifted_on:
        inputs.append(("New level since", f"{ahead.shifted_on.day} {ahead.shifted_on:%b}"))
    if ahead.gaps:
        inputs.append(("Days without a figure", f"{len(ahead.gaps)}, expected at their usual cost"))
    return Explain(
        ahead.reason
        or "What is known so far and the expected cost of each day left. The interval comes from how far forecasts a "
        "week ahead were off in the weeks before; docs/costs.md has the back-test. The lines are what is known so far.",
        formula=f"known + Σ {METHOD}",
        inputs=inputs,
        source="Daily costs of eight weeks",
        basis="estimated",
        as_of=seen.data_until,
        window=f"{ahead.first.day} {ahead.first:%b} – {ahead.last.day} {ahead.last:%b}",
        lines_url=lines_url,
    )
