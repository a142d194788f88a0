"""The what-if form: another memory, concurrency, instance or weekly schedule, checked as AWS would."""

from collections.abc import Iterable
from typing import Any

from django import forms

from dashboards.forms import style
from fleet.costs.options import MEMORY_SIZES_MB, Machine
from fleet.costs.traffic import Weekly
from fleet.operations import schedules
from fleet.queries.cost_options import Workplace
from fleet.queries.what_if import Idea
from fleet.types import MAX_SERVERLESS_CONCURRENCY, ServerlessCapacity

SERVERLESS, INSTANCES = "serverless", "instances"
MAX_INSTANCES = 100
DAYS: dict[str, tuple[str, frozenset[int]]] = {
    "": ("All the time", frozenset()),
    **{key: (words, days) for key, (words, days, _, _) in schedules.DAYS.items()},
}


def _whole(label: str, low: int, high: int) -> forms.IntegerField:
    said = f"Enter a whole number from {low} to {high}."
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=low,
        max_value=high,
        error_messages={"invalid": said, "min_value": said, "max_value": said},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class WhatIfForm(forms.Form):
    """Read from the address, so that a what-if can be passed on. Fields of the other way of hosting are ignored."""

    hosting = forms.ChoiceField(
        label="Hosting",
        choices=[(SERVERLESS, "Serverless"), (INSTANCES, "Instances")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose serverless or instances."},
    )
    memory_mb = forms.TypedChoiceField(
        label="Memory",
        required=False,
        coerce=int,
        empty_value=None,
        choices=[(size, f"{size:,} MB") for size in MEMORY_SIZES_MB],
        error_messages={"invalid_choice": "Memory is 1,024 to 6,144 MB in steps of 1,024."},
    )
    max_concurrency = _whole("Max concurrency", 1, MAX_SERVERLESS_CONCURRENCY)
    provisioned_concurrency = _whole("Provisioned concurrency", 1, MAX_SERVERLESS_CONCURRENCY)
    instance_type = forms.CharField(label="Instance type", required=False, max_length=64, widget=forms.Select)
    instance_count = _whole("Instances", 1, MAX_INSTANCES)
    days = forms.ChoiceField(
        label="Weekly schedule", required=False, choices=[(key, words) for key, (words, _) in DAYS.items()]
    )
    from_hour = _whole("On from, UTC hour", 0, 23)
    to_hour = _whole("Off from, UTC hour", 0, 24)
    rest = _whole("Level outside", 0, MAX_SERVERLESS_CONCURRENCY)

    def __init__(self, *args: Any, machines: Iterable[Machine], today: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {machine.name: machine for machine in machines}
        widget = self.fields["instance_type"].widget
        assert isinstance(widget, forms.Select)
        named = [(name, _sized(machine)) for name, machine in self.known.items()]
        if today and today not in self.known:
            named.append((today, f"{today}: today's type"))
            self.known[today] = Machine(today, 0, 0)
        widget.choices = [("", "Choose…"), *named]
        self.fields["provisioned_concurrency"].help_text = "Units kept warm. Empty for none."
        style(self)

    @staticmethod
    def start(place: Workplace) -> dict[str, Any]:
        """First values: what is live."""
        held = place.site.capacity
        live = held.serverless
        if live is None:
            return {
                "hosting": INSTANCES,
                "instance_type": held.instance_type,
                "instance_count": held.instance_count,
            }
        return {
            "hosting": SERVERLESS,
            "memory_mb": live.memory_mb,
            "max_concurrency": live.max_concurrency,
            "provisioned_concurrency": live.provisioned_concurrency,
            "instance_count": 1,
        }

    def clean(self) -> dict[str, Any]:
        """What belongs together: the fields of the chosen way, and the hours of a schedule."""
        found = super().clean() or {}
        needed = ("memory_mb", "max_concurrency") if found.get("hosting") == SERVERLESS else ()
        if found.get("hosting") == INSTANCES:
            needed = ("instance_type", "instance_count")
        for name in needed:
            if not found.get(name) and name not in self.errors:
                self.add_error(name, f"{self.fields[name].label} is needed.")
        self._check_parts(found)
        return found

    def _check_parts(self, found: dict[str, Any]) -> None:
        kept, most = found.get("provisioned_concurrency"), found.get("max_concurrency")
        if found.get("hosting") == SERVERLESS and kept and most and kept > most:
            self.add_error("provisioned_concurrency", f"It cannot be above max concurrency, {most}.")
        name = found.get("instance_type")
        if found.get("hosting") == INSTANCES and name and name not in self.known:
            self.add_error("instance_type", f"{name} has no price in this region, or its size is not known.")
        if found.get("days"):
            self._check_rest(found)
            for field in ("from_hour", "to_hour"):
                if found.get(field) is None and field not in self.errors:
                    self.add_error(field, "A schedule needs both hours.")
            if found.get("from_hour") is not None and found.get("from_hour") == found.get("to_hour"):
                self.add_error(
                    "to_hour", "A schedule that starts and ends in the same hour is never on or always."
                )

    def _check_rest(self, found: dict[str, Any]) -> None:
        rest, most = found.get("rest"), found.get("max_concurrency")
        if rest is None or found.get("hosting") != SERVERLESS:
            return
        if not rest:
            self.add_error("rest", "Application Auto Scaling keeps at least one unit warm.")
        elif most and rest > most:
            self.add_error("rest", f"It cannot be above max concurrency, {most}.")

    def idea(self) -> Idea:
        """What was asked. Call after is_valid()."""
        found = self.cleaned_data
        schedule = None
        if found["days"]:
            days, rest = DAYS[found["days"]][1], found["rest"]
            schedule = Weekly(days, found["from_hour"], found["to_hour"], rest)
        if found["hosting"] == SERVERLESS:
            size = ServerlessCapacity(
                found["memory_mb"], found["max_concurrency"], found["provisioned_concurrency"]
            )
            return Idea(serverless=size, schedule=schedule)
        return Idea(
            instance_type=found["instance_type"], instance_count=found["instance_count"], schedule=schedule
        )


def _sized(machine: Machine) -> str:
    return f"{machine.name}: {machine.vcpus} vCPU, {machine.memory_mb:,} MB"
