"""The answer sentence of the endpoints list and the strip under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.safestring import SafeString

from dashboards import status, svg, wording
from fleet.queries import shared
from fleet.queries.endpoint_counts import Fleet
from fleet.queries.endpoints import STATE_ORDER, State
from fleet.queries.kept import Moment
from fleet.queries.overview import Unreadable
from fleet.queries.rolled import Freshness
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Sentence:
    """Facts of the sentence; the template words them. usd None: no cost worked out yet."""

    fleet: Fleet
    changing: int
    usd: Decimal | None
    unreadable: Sequence[Unreadable]

    @property
    def place(self) -> str:
        """ "in 3 accounts and 5 regions" """
        accounts = wording.plural(self.fleet.accounts, "account")
        return f"in {accounts} and {wording.plural(self.fleet.regions, 'region')}"

    @property
    def unreadable_words(self) -> str:
        """ "One cannot be read: AccessDenied in eu-central-1." """
        causes = sorted({f"{lost.code} in {lost.region}" for lost in self.unreadable})
        return f"{wording.spoken(len(self.unreadable))} cannot be read: {', '.join(causes[:3])}."


def sentence(fleet: Fleet, scope: ScopeFilter, fresh: Freshness, looked: Moment) -> Sentence:
    """What stands above the table: about the whole scope, whatever search and facets narrow."""
    return Sentence(
        fleet=fleet,
        changing=fleet.states.get(State.CHANGING, 0),
        usd=shared.month_to_date(scope, timezone.now().date(), fresh, looked),
        unreadable=shared.unreadable(scope, looked),
    )


def strip(counts: Mapping[str, int], ticked: Sequence[str]) -> SafeString:
    """The status strip over the endpoints the filter means: counts by state, and the states it ticks."""
    shown = [state for state in STATE_ORDER if not ticked or state in ticked]
    shown = [state for state in shown if state != State.CLOSED or ticked]
    total = sum(counts.get(state, 0) for state in shown)
    if not total:
        return SafeString("")
    parts = [
        (
            status.look(state).tone,
            counts.get(state, 0) / total,
            f"{status.look(state).word}: {counts.get(state, 0)}",
        )
        for state in shown
    ]
    words = ", ".join(
        f"{counts[state]} {status.look(state).word.lower()}" for state in shown if counts.get(state)
    )
    return svg.shares(parts, words)
