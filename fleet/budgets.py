"""Setting and removing monthly budgets, with their audit entries."""

from decimal import Decimal

from django.db import transaction

from fleet.access import audit
from fleet.models import Account, Budget, User
from fleet.queries.budgets import name_for


@transaction.atomic
def set_monthly(
    *, account: Account | None, monthly_usd: Decimal, actor: User, address: str | None = None
) -> Budget:
    """Make or change the budget of one account, or of the whole fleet (account None). monthly_usd: above 0."""
    found = _find(account)
    before = {} if found is None else {"monthly_usd": str(found.monthly_usd)}
    budget = found or Budget(name=name_for(account), account=account)
    budget.monthly_usd = monthly_usd
    budget.save()
    after = {"monthly_usd": str(monthly_usd)}
    if before != after:
        audit.record(
            actor=actor, action="budget.set", target=budget, before=before, after=after, address=address
        )
    return budget


@transaction.atomic
def remove(*, account: Account | None, actor: User, address: str | None = None) -> bool:
    """Remove the budget of one account or of the whole fleet; False when there was none."""
    found = _find(account)
    if found is None:
        return False
    before = {"monthly_usd": str(found.monthly_usd)}
    audit.record(actor=actor, action="budget.removed", target=found, before=before, address=address)
    found.delete()
    return True


def _find(account: Account | None) -> Budget | None:
    return (
        Budget.objects.select_for_update(of=("self",)).filter(account=account, team="").order_by("pk").first()
    )
