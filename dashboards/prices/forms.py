"""Forms of entered prices, discounts, Savings Plans rates and exchange rates; fleet's services judge them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Model

from dashboards.forms import style
from dashboards.status import COMPONENT_LABELS
from fleet import discount_entries, plan_commitments, price_entries
from fleet.costs.discounts import PLAN_COMPONENTS
from fleet.models import Account, PlanCommitment, Shard
from fleet.price_entries import Days, Who

_AMOUNT = {
    "required": "Enter an amount, for example 0.102.",
    "invalid": "Enter an amount in US dollars, for example 0.102.",
    "min_value": "This cannot be negative.",
    "max_digits": "That is more than a price can hold.",
    "max_whole_digits": "That is more than a price can hold.",
    "max_decimal_places": "Use at most twelve decimals.",
}


def _amount(label: str, help_text: str = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=Decimal(0), max_digits=20, decimal_places=12,
        error_messages=_AMOUNT, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip


def _day(label: str, help_text: str, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, required=required,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": "Choose the first day.", "invalid": "Enter a day, for example 2026-11-01."},
    )  # fmt: skip


class EntryForm(forms.Form):
    """What every entry has: its days, its reason, and the tick that an unusual figure is meant."""

    title: ClassVar[str] = ""
    sentence: ClassVar[str] = ""
    noun: ClassVar[str] = ""
    page: ClassVar[str] = "prices:page"
    """Where the entry is shown."""
    done: ClassVar[str] = "the days it holds are worked out again"

    first_day = _day("First day", "UTC. A day that has passed is worked out again with it.")
    last_day = _day("Last day", "Included. Empty: until further notice.", required=False)
    reason = forms.CharField(
        label="Reason", max_length=255, help_text="It stands in the audit and beside what it changes.",
        error_messages={"required": "Say why: whoever reads the costs will ask."},
    )  # fmt: skip
    is_confirmed = forms.BooleanField(label="Yes, this unusual figure is meant", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_day", "last_day", "reason", "is_confirmed"):
            self.fields[name] = self.fields.pop(name)
        style(self)

    def clean(self) -> dict[str, Any]:
        """Say what is wrong with the days at once, beside whatever else is wrong."""
        found = super().clean() or self.cleaned_data
        if found.get("first_day"):
            for refusal in Days(found["first_day"], found.get("last_day")).refusals():
                self.add_error(refusal.field, refusal.message)
        return found

    def enter(self, who: Who) -> Model:
        """Store what the form says. Raises Refused."""
        raise NotImplementedError

    def shared(self, who: Who) -> dict[str, Any]:
        """The arguments that all entries have in common."""
        found = self.cleaned_data
        return {
            "days": Days(found["first_day"], found["last_day"]),
            "reason": found["reason"],
            "is_confirmed": found["is_confirmed"],
            "who": who,
        }

    @property
    def asks_to_confirm(self) -> bool:
        """Whether the tick is drawn: only once a figure was called unusual."""
        return bool(self.errors.get("is_confirmed") or self["is_confirmed"].value())


class PriceForm(EntryForm):
    """A price in the place of the list price."""

    title = "Enter a price"
    sentence = "It takes the place of the list price on the days you say; the list price stays known, and comes back."
    noun = "price"

    region = forms.ChoiceField(label="Region")
    component = forms.ChoiceField(label="Component", choices=list(COMPONENT_LABELS.items()))
    item = forms.CharField(
        label="Item", max_length=64, help_text="Instance type, memory in MB (2048), gp2, or hosting for data.",
        error_messages={"required": "Say what the price is of."},
    )  # fmt: skip
    usd = _amount("Price, $", "Per unit: an hour, a second, a GB, as on the Prices page.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = region_choices(self)  # type: ignore[attr-defined]

    def enter(self, who: Who) -> Model:
        place = {name: self.cleaned_data[name] for name in ("region", "component", "item", "usd")}
        return price_entries.set_price(**place, **self.shared(who))


class DiscountForm(EntryForm):
    """A percentage off the list price."""

    title = "Add a discount"
    sentence = (
        "A percentage off the list price, as an Enterprise Discount Program grants it. "
        "Two cannot reach the same line on the same day."
    )
    noun = "discount"

    name = forms.CharField(
        label="Name", max_length=100, help_text="It stands beside every figure it lowers, for instance EDP 2026.",
        error_messages={"required": "Give it a name: it stands beside every figure it lowers."},
    )  # fmt: skip
    account = forms.ModelChoiceField(
        label="Account",
        queryset=Account.objects.order_by("alias"),
        required=False,
        empty_label="All accounts",
    )
    component = forms.ChoiceField(
        label="Component", required=False, choices=[("", "All components"), *COMPONENT_LABELS.items()]
    )
    percent = forms.DecimalField(
        label="Discount, %", max_digits=6, decimal_places=3,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("required", "invalid"), "Enter a percentage, for example 12."),
    )  # fmt: skip

    def enter(self, who: Who) -> Model:
        place = {name: self.cleaned_data[name] for name in ("name", "account", "component", "percent")}
        return discount_entries.add_percentage(**place, **self.shared(who))


class PlanRateForm(EntryForm):
    """What a Savings Plan makes of the price of one instance type."""

    title = "Add a Savings Plans rate"
    sentence = (
        "It stands in for the list price of one instance type in one account and region, for all its hours. "
        "Serverless and asynchronous endpoints are left at list price."
    )
    noun = "Savings Plans rate"

    name = forms.CharField(
        label="Name", max_length=100, help_text="For instance Savings Plan to 2027.",
        error_messages={"required": "Give it a name: it stands beside every figure it lowers."},
    )  # fmt: skip
    account = forms.ModelChoiceField(
        label="Account", queryset=Account.objects.order_by("alias"), empty_label=None,
        error_messages={"required": "Choose the account that holds the Savings Plan."},
    )  # fmt: skip
    region = forms.ChoiceField(label="Region")
    component = forms.ChoiceField(
        label="Component", choices=[(each.value, COMPONENT_LABELS[each.value]) for each in PLAN_COMPONENTS]
    )
    item = forms.CharField(
        label="Instance type", max_length=64, help_text="For instance ml.m5.xlarge.",
        error_messages={"required": "Say which instance type."},
    )  # fmt: skip
    usd_per_hour = _amount("Rate, $ an hour")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = region_choices(self)  # type: ignore[attr-defined]

    def enter(self, who: Who) -> Model:
        names = ("name", "account", "region", "component", "item", "usd_per_hour")
        place = {name: self.cleaned_data[name] for name in names}
        return discount_entries.add_plan_rate(**place, **self.shared(who))


class CommitmentForm(EntryForm):
    """A commitment that AWS bills already."""

    title = "Add a commitment"
    sentence = (
        "A Savings Plan that AWS bills you for already: dollars an hour, used or not. "
        "Coverage and utilisation are told of it, and what is advised comes on top of it."
    )
    noun = "commitment"
    page = "costs:savings-plans"
    done = "coverage, utilisation and the advice count it"

    name = forms.CharField(
        label="Name", max_length=100, help_text="For instance ML plan to 2029.",
        error_messages={"required": "Give it a name, so that people can tell it from others."},
    )  # fmt: skip
    account = forms.ModelChoiceField(
        label="Account",
        queryset=Account.objects.order_by("alias"),
        required=False,
        empty_label="Shared by all accounts",
    )
    usd_per_hour = _amount("Commitment, $ an hour", "As AWS's console shows it, at Savings Plans rates.")
    years = forms.TypedChoiceField(label="Term", coerce=int, choices=[(1, "1 year"), (3, "3 years")])
    payment = forms.ChoiceField(
        label="Payment", choices=[(value, value) for value in PlanCommitment.Payment.values]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_day"].help_text = "UTC. The day on which the term began."
        self.fields["last_day"].help_text = "Empty: the last day of the term. Earlier if it was returned."

    def enter(self, who: Who) -> Model:
        names = ("name", "account", "usd_per_hour", "years", "payment")
        place = {name: self.cleaned_data[name] for name in names}
        return plan_commitments.add(**place, **self.shared(who))


class ExchangeRateForm(EntryForm):
    """What a currency is worth."""

    title = "Set an exchange rate"
    sentence = (
        "AWS lists some regions in another currency. Without a rate such prices are known and not counted; "
        "with one they are counted in US dollars."
    )
    noun = "exchange rate"

    currency = forms.CharField(
        label="Currency", max_length=3, initial="CNY", error_messages={"required": "Give its three letters."}
    )
    usd = _amount("One unit in US dollars", "For instance 0.14 for CNY.")

    def enter(self, who: Who) -> Model:
        found = self.cleaned_data
        return price_entries.set_exchange_rate(
            currency=found["currency"], usd=found["usd"], **self.shared(who)
        )


FORMS: dict[str, type[EntryForm]] = {
    "price": PriceForm,
    "discount": DiscountForm,
    "plan-rate": PlanRateForm,
    "exchange-rate": ExchangeRateForm,
    "commitment": CommitmentForm,
}
"""What can be entered, by its word in the URL."""


def region_choices(form: forms.Form) -> Iterable[tuple[str, str]]:
    """The regions in use, and the one the form came with."""
    found = set(Shard.objects.values_list("region", flat=True).distinct())
    asked = form.data.get("region") or form.initial.get("region")
    return [(region, region) for region in sorted(found | ({asked} if asked else set()))]
