"""The forms of operations. They collect text; fleet.operations.guards decides, so every refusal has one home."""

from collections.abc import Iterable, Mapping
from secrets import token_urlsafe
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.costs.options import MEMORY_SIZES_MB
from fleet.errors import Refusal
from fleet.models import Operation
from fleet.operations.kinds import (
    ConcurrencyWish,
    ConversionWish,
    InstanceOption,
    MemoryWish,
    Observed,
    Route,
    Wish,
)

REASON = forms.CharField(
    label="Reason, kept in the audit log",
    required=False,
    max_length=500,
    widget=forms.Textarea(attrs={"rows": 2}),
)
NUMBER = {"inputmode": "numeric", "autocomplete": "off"}
"""Attributes of a field that takes a whole number."""
NOT_WHILE_TYPING = frozenset({"missing", "no-change", "reason-missing", "empty-instance"})
"""Refusals that are true of every half-filled form; they are told at submission only."""


class WishForm(forms.Form):
    """What the action forms share: the reason, and the token that makes a double submit one operation."""

    reason = REASON
    form_token = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["form_token"].initial = token_urlsafe(24)
        style(self)

    def wish(self) -> Wish:
        """The wish as typed. Call after is_valid()."""
        return self.read(self.cleaned_data)

    @staticmethod
    def read(values: Mapping[str, Any]) -> Wish:
        """The wish of a form's values."""
        raise NotImplementedError

    def refuse(self, refusals: Iterable[Refusal], *, is_typing: bool = False) -> None:
        """Put refusals beside their fields, those of no field on top."""
        for refusal in refusals:
            if is_typing and refusal.code in NOT_WHILE_TYPING:
                continue
            field = refusal.field if refusal.field in self.fields else None
            self.add_error(field, refusal.message)


class ConcurrencyForm(WishForm):
    """Max and provisioned concurrency in one form; an empty provisioned concurrency means none."""

    max_concurrency = forms.CharField(
        label="Max concurrency", required=False, max_length=20, widget=forms.TextInput(attrs=NUMBER)
    )
    provisioned_concurrency = forms.CharField(
        label="Provisioned concurrency",
        required=False,
        max_length=20,
        help_text="Slots kept warm, paid for also when idle. Leave it empty for none.",
        widget=forms.TextInput(attrs=NUMBER),
    )
    route = forms.ChoiceField(
        label="Way",
        choices=[
            (Route.AUTO.value, "In place where AWS allows it"),
            (Route.NEW_CONFIG.value, "New endpoint config"),
        ],
        initial=Route.AUTO.value,
        widget=forms.RadioSelect,
    )
    field_order = ("max_concurrency", "provisioned_concurrency", "route", "reason")

    @staticmethod
    def read(values: Mapping[str, Any]) -> ConcurrencyWish:
        """The wish of a form's values."""
        is_new = values.get("route") == Route.NEW_CONFIG
        return ConcurrencyWish(
            values.get("max_concurrency", ""),
            values.get("provisioned_concurrency", ""),
            Route.NEW_CONFIG if is_new else Route.AUTO,
        )

    @staticmethod
    def start(seen: Observed) -> dict[str, Any]:
        """First values: what is live."""
        live = seen.serverless
        if live is None:
            return {}
        provisioned = live.provisioned_concurrency
        return {
            "max_concurrency": live.max_concurrency,
            "provisioned_concurrency": "" if provisioned is None else provisioned,
        }


class MemoryForm(WishForm):
    """One of the six memory sizes."""

    memory_mb = forms.CharField(
        label="Memory",
        required=False,
        max_length=20,
        help_text="CPU comes with it.",
        widget=forms.Select(choices=[(str(size), f"{size:,} MB") for size in MEMORY_SIZES_MB]),
    )
    field_order = ("memory_mb", "reason")

    @staticmethod
    def read(values: Mapping[str, Any]) -> MemoryWish:
        """The wish of a form's values."""
        return MemoryWish(values.get("memory_mb", ""))

    @staticmethod
    def start(seen: Observed) -> dict[str, Any]:
        """First values: what is live."""
        return {"memory_mb": seen.serverless.memory_mb} if seen.serverless else {}


class OnInstancesForm(WishForm):
    """Instance type and count, and going on without a price where an admin may."""

    instance_type = forms.CharField(label="Instance type", required=False, max_length=64, widget=forms.Select)
    instance_count = forms.CharField(
        label="Instances", required=False, max_length=20, widget=forms.TextInput(attrs=NUMBER)
    )
    accept_unpriced = forms.BooleanField(label="Price unknown, go on", required=False)
    field_order = ("instance_type", "instance_count", "accept_unpriced", "reason")

    def __init__(self, *args: Any, options: Iterable[InstanceOption], is_admin: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_admin:
            del self.fields["accept_unpriced"]
        widget = self.fields["instance_type"].widget
        assert isinstance(widget, forms.Select)
        widget.choices = [("", "Choose…"), *grouped(options)]


class ConversionForm(OnInstancesForm):
    """Instance type and count of the real-time endpoint it becomes."""

    @staticmethod
    def read(values: Mapping[str, Any]) -> ConversionWish:
        """The wish of a form's values."""
        return ConversionWish(
            values.get("instance_type", ""),
            values.get("instance_count", ""),
            bool(values.get("accept_unpriced")),
        )


class ConfirmForm(forms.Form):
    """The panel beside a plan; typed_name only where there is no way back."""

    reason = REASON
    typed_name = forms.CharField(required=False, max_length=63, strip=False)

    def __init__(self, *args: Any, operation: Operation, is_irreversible: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"reason": operation.reason}
        if is_irreversible:
            self.fields["typed_name"].label = f"Type {operation.endpoint.name} to confirm"
            self.fields["typed_name"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false"}
        else:
            del self.fields["typed_name"]
        style(self)

    def refuse(self, refusals: Iterable[Refusal]) -> None:
        """Put refusals beside their fields, those of no field on top."""
        for refusal in refusals:
            self.add_error(refusal.field if refusal.field in self.fields else None, refusal.message)


def grouped(options: Iterable[InstanceOption]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Choices of an instance type: with a price, cheapest first, and without."""
    priced: list[tuple[str, str]] = []
    unpriced: list[tuple[str, str]] = []
    for option in sorted(options, key=lambda o: (o.usd_per_hour is None, o.usd_per_hour or 0, o.name)):
        size = f"{option.vcpus} vCPU, {option.memory_mb:,} MB" if option.memory_mb else "size not known"
        if option.usd_per_hour is None:
            unpriced.append((option.name, f"{option.name}: {size}, no price"))
        else:
            rate = f"${option.usd_per_hour.normalize():f} an hour"
            priced.append((option.name, f"{option.name}: {size}, {rate}"))
    return [("Priced in this region, cheapest first", priced), ("Without a known price", unpriced)]
