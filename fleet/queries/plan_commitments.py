"""Savings Plans commitments that are held: which count in a scope, and how much they commit on a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fleet.models import PlanCommitment
from fleet.queries.scope import ScopeFilter


@dataclass(frozen=True)
class Held:
    """The commitments that may be spent in a scope, and those that are shared with what is outside of it.

    No figure counts a shared one while only some accounts are looked at: what the others use of it is not known here.
    """

    rows: Sequence[PlanCommitment]
    shared: Sequence[PlanCommitment]

    def on(self, day: date) -> Decimal:
        """USD an hour committed on a UTC day."""
        return sum(
            (row.usd_per_hour for row in self.rows if row.first_day <= day and (row.last_day or day) >= day),
            Decimal(0),
        )


def held(scope: ScopeFilter) -> Held:
    """All that were ever entered for a scope, the newest first. One query."""
    rows = list(PlanCommitment.objects.select_related("account").order_by("-first_day", "-pk"))
    if not scope.accounts:
        return Held(rows, ())
    own = [row for row in rows if row.account and row.account.account_id in scope.accounts]
    return Held(own, [row for row in rows if row.account is None])
