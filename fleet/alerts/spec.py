"""What an alert rule consists of: its words, its parameters with bounds, its scope and how it treats missing data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet.types import Kind


@dataclass(frozen=True)
class Parameter:
    """One number that people may tune. unit is its word on the page; whole numbers unless step says otherwise."""

    name: str
    label: str
    default: float
    minimum: float
    maximum: float
    unit: str
    step: float = 1

    @property
    def limits(self) -> str:
        """ "50 – 100"."""
        return f"{self.minimum:,} – {self.maximum:,}"

    def problem(self, value: float) -> str:
        """Why `value` cannot stand, "" when it can."""
        if not self.minimum <= value <= self.maximum:
            return f"Give a value in {self.limits} {self.unit}."
        if self.step == 1 and value != int(value):
            return "Give a whole number."
        return ""


@dataclass(frozen=True)
class RuleSpec:
    """A rule as the product knows it.

    kinds: the endpoint kinds that publish what the rule needs, () for rules about something else; needs: words for
    the metrics or states it reads; shadowed_by: key of a graver rule that, true on the same subject, keeps this one
    from opening a second incident about the same thing.
    """

    key: str
    name: str
    severity: str
    condition: str
    scope: str
    needs: str
    no_data: str
    parameters: tuple[Parameter, ...]
    kinds: tuple[Kind, ...] = ()
    shadowed_by: str = ""

    def defaults(self) -> dict[str, float]:
        """Parameter name to default."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def values(self, stored: Mapping[str, Any]) -> dict[str, float]:
        """Stored values over the defaults; names the rule does not have (any more) are dropped."""
        return {p.name: float(stored.get(p.name, p.default)) for p in self.parameters}

    def sentence(self, values: Mapping[str, float]) -> str:
        """The condition in words with its numbers."""
        return self.condition.format(**{name: f"{value:g}" for name, value in values.items()})
