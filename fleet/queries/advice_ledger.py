"""The savings ledger: what advice that was carried out had promised, what it saved, and which rules keep their word."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Prefetch, QuerySet

from fleet.models import Saving, SavingLook
from fleet.queries.scope import ScopeFilter

LEAST_JUDGED = 3
"""Changes that must be judged before a rule can be called unreliable."""
LEAST_KEPT = 0.5
"""Part of its judged changes in which a rule must have kept its word, else its advice ranks last."""


@dataclass(frozen=True)
class Accuracy:
    """How a rule did. kept: changes that saved at least the sure saving; promised, saved: USD a month, judged ones."""

    rule: str
    done: int
    judged: int
    kept: int
    promised: Decimal
    saved: Decimal

    @property
    def share(self) -> float | None:
        """Part of the judged changes that kept their word; None while none is judged."""
        return self.kept / self.judged if self.judged else None

    @property
    def is_unreliable(self) -> bool:
        """Whether its advice ranks after all other."""
        return self.judged >= LEAST_JUDGED and self.kept < LEAST_KEPT * self.judged


def saved(look: SavingLook) -> Decimal | None:
    """USD a month that a look found saved, negative when it came to cost more; None = not known."""
    return None if look.without is None or look.after is None else look.without - look.after


def newest(saving: Saving) -> SavingLook | None:
    """The look over the most days that came to a figure; needs its looks prefetched."""
    found = [look for look in saving.looks.all() if saved(look) is not None]
    return max(found, key=lambda look: look.days, default=None)


def rows(scope: ScopeFilter) -> QuerySet[Saving]:
    """Changes that carried out an advice, newest first, with their looks."""
    found = Saving.objects.filter(scope.q("operation__endpoint__shard"))
    looks = Prefetch("looks", SavingLook.objects.order_by("days"))
    return found.select_related("operation__endpoint__shard__account").prefetch_related(looks)


def accuracies(found: Sequence[Saving]) -> list[Accuracy]:
    """By rule, the one with most changes first; changes whose advice claimed no saving are not judged."""
    by_rule: dict[str, list[Saving]] = {}
    for saving in found:
        by_rule.setdefault(saving.rule, []).append(saving)
    result = []
    for rule, savings in by_rule.items():
        judged = [
            (each.expected_low, came)
            for each in savings
            if each.expected_low is not None and (look := newest(each)) and (came := saved(look)) is not None
        ]
        kept = sum(1 for promised, came in judged if came >= promised)
        sums = [sum((each[n] for each in judged), Decimal(0)) for n in (0, 1)]
        result.append(Accuracy(rule, len(savings), len(judged), kept, *sums))
    return sorted(result, key=lambda each: (-each.done, each.rule))


def unreliable() -> list[str]:
    """Rules whose advice ranks last. Two queries."""
    return [each.rule for each in accuracies(list(rows(ScopeFilter()))) if each.is_unreliable]
