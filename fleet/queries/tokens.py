"""What the page of API tokens lists. Who may do what with one is settled in fleet.access.tokens."""

from dataclasses import dataclass
from datetime import datetime

from fleet.models import Account, ApiToken, User


@dataclass(frozen=True)
class TokenRow:
    """A token of the API with what has become of it. aliases: accounts it is bound to, () for all."""

    token: ApiToken
    aliases: tuple[str, ...]
    state: str

    @property
    def works(self) -> bool:
        return self.state == "works"


def tokens(owner: User | None, now: datetime) -> list[TokenRow]:
    """One person's tokens, everybody's for None; those that work first, then newest first. Two queries."""
    found = ApiToken.objects.select_related("owner")
    if owner is not None:
        found = found.filter(owner=owner)
    aliases = dict(account_choices())
    rows = [
        TokenRow(token, tuple(aliases.get(each, each) for each in token.accounts), _state(token, now))
        for token in found
    ]
    return sorted(rows, key=lambda row: not row.works)


def account_choices() -> list[tuple[str, str]]:
    """(12-digit id, alias) of every account, by alias."""
    return list(Account.objects.order_by("alias").values_list("account_id", "alias"))


def _state(token: ApiToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.expires_at <= now:
        return "expired"
    return "works" if token.owner.is_active else "owner disabled"
