"""The monthly budget that stands over a page's scope: the whole fleet's, or one account's."""

from fleet.models import Account, Budget
from fleet.queries.cost_scope import CostFilter


def account_of(where: CostFilter) -> str | None:
    """The one account a filter is narrowed to; "" for the whole fleet; None when no budget fits the filter."""
    scope = where.scope
    if not where.is_of_places or where.kinds or scope.regions or len(scope.accounts) > 1:
        return None
    return scope.accounts[0] if scope.accounts else ""


def find(where: CostFilter) -> Budget | None:
    """The budget of exactly this filter, None when there is none. At most one query."""
    account = account_of(where)
    if account is None:
        return None
    budgets = Budget.objects.filter(team="").order_by("pk")
    if account:
        return budgets.filter(account__account_id=account).first()
    return budgets.filter(account=None).first()


def name_for(account: Account | None) -> str:
    """How a budget made on the Costs page is called."""
    return f"Account {account.alias}" if account else "Whole fleet"
