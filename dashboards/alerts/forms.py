"""Forms of the Alerts pages: a note, and the numbers of a rule."""

from typing import Any

from django import forms

from dashboards.forms import style
from fleet.alerts.rules import Parameter, RuleSpec
from fleet.models import AlertRule


class AcknowledgeForm(forms.Form):
    """Who is on it is the signed-in person; the note says what they do."""

    note = forms.CharField(
        label="Note", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="What you are doing about it. Everybody sees it.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        style(self)


class RuleForm(forms.Form):
    """One field for each parameter of the rule, with its bounds."""

    severity = forms.ChoiceField(label="Severity", choices=AlertRule.Severity.choices)
    enabled = forms.BooleanField(label="Switched on", required=False)

    def __init__(self, spec: RuleSpec, rule: AlertRule | None, data: Any = None) -> None:
        values = spec.values(rule.parameters if rule else {})
        initial = {
            "severity": rule.severity if rule else spec.severity,
            "enabled": rule.enabled if rule else True,
            **{name: f"{value:g}" for name, value in values.items()},
        }
        super().__init__(data, initial=initial)
        self.spec = spec
        for parameter in spec.parameters:
            self.fields[parameter.name] = self._number(parameter)
        style(self)

    @staticmethod
    def _number(parameter: Parameter) -> forms.Field:
        attributes = {
            "step": f"{parameter.step:g}",
            "min": f"{parameter.minimum:g}",
            "max": f"{parameter.maximum:g}",
        }
        field = forms.FloatField(
            label=f"{parameter.label}, {parameter.unit}", widget=forms.NumberInput(attrs=attributes)
        )
        field.error_messages["invalid"] = "Give a number."
        field.error_messages["required"] = "Give a number."
        return field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for parameter in self.spec.parameters:
            value = cleaned.get(parameter.name)
            if value is not None and (problem := parameter.problem(value)):
                self.add_error(parameter.name, problem)
        return cleaned

    @property
    def numbers(self) -> list[tuple[forms.BoundField, str]]:
        """Bound fields of the parameters, each with its limits in words."""
        return [(self[p.name], p.limits) for p in self.spec.parameters]

    @property
    def parameters(self) -> dict[str, float]:
        """The numbers of a valid form by parameter name."""
        return {p.name: self.cleaned_data[p.name] for p in self.spec.parameters}
