"""A budget as a form. What a budget may be is judged by fleet.budgets; here only what can be read at all."""

import re
from decimal import Decimal
from typing import Any

from django import forms

from dashboards.costs.wanted import NO_TEAM
from dashboards.forms import style
from dashboards.status import KIND_LABELS
from fleet.budgets import Wish
from fleet.models import Budget, User
from fleet.queries import budgets as queries
from fleet.queries.cost_scope import CostFilter
from fleet.queries.scope import ScopeFilter

MOST_LINES = 100
_AMOUNT_ERRORS = {
    "required": "Enter an amount, for example 30000.",
    "invalid": "Enter an amount in US dollars, for example 30000 or 1250.50.",
    "max_decimal_places": "Use at most two decimals: cents are the smallest step.",
    "max_digits": "That is more than a budget can hold.",
    "max_whole_digits": "That is more than a budget can hold.",
}


def _checks(label: str) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, widget=forms.CheckboxSelectMultiple)


class BudgetForm(forms.Form):
    """Everything about one budget. `scope` takes the errors of the scope as a whole; nobody types into it."""

    name = forms.CharField(label="Name", max_length=100)
    amount_usd = forms.DecimalField(
        label="Amount, $", max_digits=14, decimal_places=2, error_messages=_AMOUNT_ERRORS
    )
    period = forms.ChoiceField(
        label="Every", choices=[("monthly", "Month"), ("quarterly", "Calendar quarter")]
    )
    accounts = _checks("Accounts")
    regions = _checks("Regions")
    teams = _checks("Teams")
    kinds = _checks("Kinds")
    tags = forms.CharField(
        label="Tags", required=False, widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One key=value a line; an endpoint with any of them counts.",
    )  # fmt: skip
    endpoints = forms.CharField(
        label="Endpoints", required=False, widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text="One name a line.",
    )  # fmt: skip
    scope = forms.CharField(required=False, widget=forms.HiddenInput)
    thresholds = forms.CharField(
        label="Tell when spent, %", required=False, max_length=100,
        help_text="Per cents of the amount, separated by commas. Empty: nobody is told.",
    )  # fmt: skip
    forecast_pct = forms.IntegerField(
        label="Tell when forecast, %", required=False, min_value=1, max_value=1000,
        help_text="Of the amount, at the end of the period. Empty: nobody is told.",
        error_messages={"invalid": "Give a whole number.", "min_value": "Give a whole number from 1 to 1,000.",
                        "max_value": "Give a whole number from 1 to 1,000."},
    )  # fmt: skip
    owner = forms.ModelChoiceField(
        label="Owner", required=False, queryset=User.objects.filter(is_active=True).order_by("username"),
        empty_label="Nobody", help_text="Gets the mails about this budget, with everybody who gets alert mails.",
    )  # fmt: skip
    owner_email = forms.EmailField(
        label="Another address", required=False, help_text="Gets them too, for instance a team's list."
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = queries.choices()
        self._offer("accounts", found.accounts)
        self._offer("regions", [(each, each) for each in found.regions])
        self._offer("teams", [(each or NO_TEAM, each or "no team") for each in found.teams])
        self._offer("kinds", [(each, KIND_LABELS[each]) for each in found.kinds])
        self.fields["amount_usd"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        style(self)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        """The choices of a field, with what stands already though nothing has it any more."""
        standing = [(each, each) for each in self.initial.get(name, []) if each not in dict(choices)]
        self.fields[name].choices = [*choices, *standing]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return str(self.cleaned_data["name"]).strip()

    def clean_tags(self) -> tuple[tuple[str, str], ...]:
        found = []
        for line in _lines(self.cleaned_data["tags"]):
            # A key may hold "=" itself, a value as well: the first one parts them.
            key, equals, value = line.partition("=")
            if not equals or not key.strip():
                raise forms.ValidationError(f"“{line[:80]}” is no tag: write key=value.")
            found.append((key.strip(), value.strip()))
        return tuple(found)

    def clean_endpoints(self) -> tuple[int, ...]:
        names = _lines(self.cleaned_data["endpoints"])
        if not names:
            return ()
        found = queries.endpoints_called(names)
        if missing := [name for name in names if name not in found]:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise forms.ValidationError(f"No endpoint is called “{missing[0][:80]}”{more}.")
        return tuple(pk for ids in found.values() for pk in ids)

    def clean_teams(self) -> tuple[str, ...]:
        return tuple("" if each == NO_TEAM else each for each in self.cleaned_data["teams"])

    def clean_thresholds(self) -> tuple[int, ...]:
        words = [each for each in re.split(r"[,;\s%]+", self.cleaned_data["thresholds"]) if each]
        if not all(re.fullmatch(r"\d{1,4}", each) for each in words):
            raise forms.ValidationError("Give whole per cents separated by commas, for example 50, 80, 100.")
        return tuple(int(each) for each in words)

    def where(self) -> CostFilter | None:
        """Whose costs would count; None while a part of the scope cannot be read. After is_valid."""
        if any(
            name in self.errors for name in ("accounts", "regions", "teams", "kinds", "tags", "endpoints")
        ):
            return None
        of = self.cleaned_data
        scope = ScopeFilter(tuple(of["accounts"]), tuple(of["regions"]))
        return CostFilter(scope, of["teams"], tuple(of["kinds"]), of["tags"], of["endpoints"])

    def wish(self) -> Wish:
        """What the person wants; of a valid form."""
        of = self.cleaned_data
        return Wish(
            name=of["name"],
            amount_usd=Decimal(of["amount_usd"]),
            period=of["period"],
            accounts=tuple(of["accounts"]),
            regions=tuple(of["regions"]),
            teams=of["teams"],
            kinds=tuple(of["kinds"]),
            tags=of["tags"],
            endpoints=of["endpoints"],
            thresholds=of["thresholds"],
            forecast_pct=of["forecast_pct"],
            owner=of["owner"],
            owner_email=of["owner_email"],
        )


def initial(budget: Budget) -> dict[str, Any]:
    """What stands, as the form shows it."""
    plain = (
        "name",
        "amount_usd",
        "period",
        "accounts",
        "regions",
        "kinds",
        "forecast_pct",
        "owner",
        "owner_email",
    )
    return {
        **{name: getattr(budget, name) for name in plain},
        "teams": [each or NO_TEAM for each in budget.teams],
        "tags": "\n".join(f"{key}={value}" for key, value in budget.tags),
        "endpoints": "\n".join(queries.names_of(budget.endpoints)) if budget.endpoints else "",
        "thresholds": ", ".join(map(str, budget.thresholds)),
    }


def _lines(text: str) -> list[str]:
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))[:MOST_LINES]
