"""Why no forecast can be stood behind: what is missing, and what it would take."""

from dataclasses import dataclass
from datetime import UTC, timedelta

from fleet.analysis.planner.rows import Observation
from fleet.queries.planning import Inputs

LEAST = timedelta(days=1)
"""Less than a day has no quiet night or no busy noon."""
MOST_A_MINUTE = 10_000
"""More calls than this, on average, take longer to replay than a worker may spend."""
LEAST_CALLS = 20
"""Fewer calls than this tell nothing of how many come at once."""


@dataclass(frozen=True)
class Missing:
    """Something a forecast cannot do without, and what it takes to have it. In sentences."""

    what: str
    takes: str


def missing(found: Inputs | None, seen: Observation | None) -> list[Missing]:
    """What a forecast lacks, empty when it can be made. seen None: nothing was read yet."""
    if found is None or seen is None:
        return [
            Missing(
                "CloudWatch has not been read for this endpoint yet.",
                "The first reading. The Sync page says when it is due and what keeps it.",
            )
        ]
    if not found.capacities:
        return [
            Missing(
                "What the endpoint was configured to hold is not known.",
                "One complete inventory of its account region.",
            )
        ]
    if found.hours < LEAST / timedelta(hours=1):
        ready = (found.start + LEAST).astimezone(UTC)
        hours = f"{found.hours:.0f} hour{'' if round(found.hours) == 1 else 's'}"
        return [
            Missing(
                f"One-minute figures of only {hours} are stored.",
                f"A day of them: {ready:%a} {ready.day} {ready:%b %H:%M} UTC.",
            )
        ]
    return _of_traffic(found, seen)


def _of_traffic(found: Inputs, seen: Observation) -> list[Missing]:
    days = f"{found.hours / 24:.3g} day{'' if found.hours == 24 else 's'}"
    if not seen.calls:
        return [
            Missing(
                f"CloudWatch reported no call in the {days} of minutes that are stored.",
                "Traffic: where nothing calls, nothing starts cold.",
            )
        ]
    lacks = []
    if seen.calls < LEAST_CALLS:
        calls = "One call" if seen.calls == 1 else f"{seen.calls} calls"
        lacks.append(
            Missing(
                f"{calls} in {days} tell{'s' if seen.calls == 1 else ''} nothing of how many come at once.",
                f"At least {LEAST_CALLS} calls within two weeks.",
            )
        )
    if seen.calls > MOST_A_MINUTE * found.hours * 60:
        lacks.append(
            Missing(
                f"{seen.calls / found.hours / 60:,.0f} calls a minute are too many to be replayed in good time.",
                f"At most {MOST_A_MINUTE:,} a minute. The Options tab compares instances, which such traffic suits.",
            )
        )
    if seen.peak is None:
        lacks.append(
            Missing(
                "CloudWatch never reported ServerlessConcurrentExecutionsUtilization (Maximum) for it.",
                "That metric: without it nothing tells how many calls ran at once. Peak concurrency on the tab Traffic"
                " and latency shows whether it has come since.",
            )
        )
    return lacks
