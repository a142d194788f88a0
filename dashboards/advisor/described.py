"""How much a described workload is called and takes: the part of the questions that its prices rest on."""

from decimal import Decimal
from typing import Any

from django import forms

from dashboards.cost_options.words import DOTS, FAMILIES
from dashboards.forms import style
from fleet.advisor.evidence import PricedWay
from fleet.advisor.flow import Answers
from fleet.advisor.workload import Workload
from fleet.costs.break_even import Family
from fleet.queries import described_workload

MOST_MEMORY_GB = 1_024
MOST_CALLS = 10_000_000_000
LONGEST_S = 3_600
NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


def _number(label: str, least: str, most: int, places: int, help_text: str = "") -> forms.DecimalField:
    widget = forms.TextInput(attrs=NUMBER)
    field = forms.DecimalField(
        label=label, required=False, min_value=Decimal(least), max_value=most, decimal_places=places, widget=widget,
        help_text=help_text,
    )  # fmt: skip
    field.error_messages["invalid"] = f"Give a number from {least} to {most:,}."
    return field


class AmountForm(forms.Form):
    """Prices need all of it but the hours; what is left open is not assumed."""

    host_region = forms.ChoiceField(label="Region", required=False)
    """Not "region", which is what the whole page looks at."""
    calls = _number("Calls a month", "1", MOST_CALLS, 0)
    seconds = _number("Seconds of work a call takes", "0.001", LONGEST_S, 3)
    memory_gb = _number("Memory the model takes, GB", "0.1", MOST_MEMORY_GB, 2)
    busy_percent = _number("Hours with calls, %", "0.6", 100, 1, "Empty: all hours.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["host_region"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Not known"), *((name, name) for name in described_workload.regions())]
        style(self)

    def workload(self) -> Workload | None:
        """What was described; None while a figure that prices rest on is open or refused. Call after is_valid()."""
        found = self.cleaned_data
        if self.errors or not all(
            found.get(name) for name in ("host_region", "calls", "seconds", "memory_gb")
        ):
            return None
        share = (found.get("busy_percent") or Decimal(100)) / 100
        return Workload(found["calls"], found["seconds"], int(found["memory_gb"] * 1024), share)


def context(form: AmountForm, answers: Answers) -> dict[str, Any]:
    """The evidence for the scores, and the cheapest way of every sort; nothing while figures are open."""
    described = form.workload()
    if described is None:
        return {}
    found = described_workload.evidence(described, answers, form.cleaned_data["host_region"])
    return {
        "evidence": found,
        "ways": [(label(way), DOTS[way.family], way) for way in described_workload.cheapest(found)],
    }


def label(way: PricedWay) -> str:
    """ "Serverless, 4,096 MB", "Real-time, 2 × ml.c5.large"."""
    name = FAMILIES[way.family]
    if way.family in (Family.SERVERLESS, Family.PROVISIONED):
        warm = f", {way.level} units" if way.level else ""
        return f"{name}, {int(way.item):,} MB{warm}"
    return f"{name}, {'' if way.count is None else f'{way.count} × '}{way.item}"
