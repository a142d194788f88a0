"""Forms of the Advisor: put advice aside, give it to somebody, and describe a workload that is not there yet."""

from collections.abc import Iterable
from typing import Any

from django import forms

from dashboards.advisor.choices import YES_NO, flag
from dashboards.forms import style
from dashboards.wording import plural
from fleet.advice.choices import MAX_REASON
from fleet.advisor.flow import Answers
from fleet.analysis.traffic_shape import LatencyClass, Pattern, PayloadClass
from fleet.errors import Refused
from fleet.models import User

MOST_MODELS = 100_000
EXCLUSIONS = (
    ("GPUs", "GPUs"),
    ("Marketplace model packages", "An AWS Marketplace package"),
    ("Private Docker registries", "A private Docker registry"),
    ("VPC configuration", "A VPC"),
    ("Network isolation", "Network isolation"),
    ("Data capture", "Data capture"),
    ("Multiple production variants", "Several production variants"),
    ("Model Monitor", "Model Monitor"),
    ("Inference pipelines", "An inference pipeline"),
)
"""What serverless excludes, as somebody may need it (SageMaker AI developer guide, serverless-endpoints, Nov 2026)."""


class DismissForm(forms.Form):
    """Why advice is put aside, and until when."""

    reason = forms.CharField(
        label="Why", required=False, max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Everybody sees it; it goes into the audit log.",
    )  # fmt: skip
    until = forms.DateField(
        label="Until", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="It comes back that day. Empty: until its rule or what it is about changes.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].error_messages["invalid"] = "Give a date, such as 2027-01-31."
        style(self)


class AssignForm(forms.Form):
    """Whom advice is given to; empty takes it from everybody."""

    assigned_to = forms.ModelChoiceField(
        label="Assigned to", queryset=User.objects.none(), required=False, empty_label="Nobody"
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["assigned_to"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = people
        field.error_messages["invalid_choice"] = "Choose somebody who may sign in."
        style(self)


class WorkloadForm(forms.Form):
    """What the decision flow asks, about a workload that runs nowhere yet. Everything may stay open."""

    is_offline = forms.ChoiceField(
        label="Is all input there beforehand, and does nobody wait for an answer?",
        choices=YES_NO,
        required=False,
    )
    is_queueable = forms.ChoiceField(
        label="Can callers hand work in and fetch the answer later?", choices=YES_NO, required=False
    )
    latency = forms.ChoiceField(
        label="How long does a slow answer take?",
        required=False,
        choices=(
            ("", "Not known"),
            (LatencyClass.INTERACTIVE.value, "Up to a second"),
            (LatencyClass.SLOW.value, "Up to a minute"),
            (LatencyClass.LONG.value, "Up to an hour"),
            (LatencyClass.TOO_LONG.value, "Longer"),
        ),
    )
    payload = forms.ChoiceField(
        label="How large is the largest request?",
        required=False,
        choices=(
            ("", "Not known"),
            (PayloadClass.SMALL.value, "Up to 4 MB"),
            (PayloadClass.MEDIUM.value, "Up to 6 MB"),
            (PayloadClass.LARGE.value, "Up to 1 GB"),
            (PayloadClass.TOO_LARGE.value, "Larger"),
        ),
    )
    pattern = forms.ChoiceField(
        label="How do calls come?",
        required=False,
        choices=(
            ("", "Not known"),
            (Pattern.INTERMITTENT.value, "In some hours only, with gaps between"),
            (Pattern.BURSTY.value, "In bursts, far above the mean"),
            (Pattern.DIURNAL.value, "By day and night, or by weekday"),
            (Pattern.SUSTAINED.value, "All the time, evenly"),
            (Pattern.GROWING.value, "More every week"),
        ),
    )
    tolerates_cold = forms.ChoiceField(
        label="May some answers take seconds longer, after an idle time?", choices=YES_NO, required=False
    )
    excluded = forms.MultipleChoiceField(
        label="Does it need any of these, which serverless lacks?",
        choices=EXCLUSIONS,
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "form-check-input"}),
    )
    models = forms.IntegerField(
        label="How many models does one application need?",
        required=False,
        min_value=1,
        max_value=MOST_MODELS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    is_chain = forms.ChoiceField(
        label="Does every request pass through all models in order?", choices=YES_NO, required=False
    )
    are_alike = forms.ChoiceField(
        label="Do the models share a framework, and are they alike in size and latency?",
        choices=YES_NO,
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        messages = self.fields["models"].error_messages
        messages["invalid"] = f"Give a whole number from 1 to {MOST_MODELS:,}."
        style(self)

    def answers(self) -> Answers:
        """What was answered; a field with an error counts as not known. Call after is_valid()."""
        found = self.cleaned_data
        said = any(found.get(name) for name in self.fields)
        return Answers(
            is_offline=flag(found.get("is_offline")),
            is_queueable=flag(found.get("is_queueable")),
            payload=PayloadClass(found["payload"]) if found.get("payload") else None,
            latency=LatencyClass(found["latency"]) if found.get("latency") else None,
            pattern=Pattern(found["pattern"]) if found.get("pattern") else None,
            tolerates_cold=flag(found.get("tolerates_cold")),
            excluded=tuple(found.get("excluded") or ()) if said else None,
            models=found.get("models"),
            is_chain=flag(found.get("is_chain")),
            are_alike=flag(found.get("are_alike")),
            figures=self._figures(),
        )

    def _figures(self) -> dict[str, str]:
        """What each answer says, in the words of the form."""
        found = {"is_offline": "as answered"} if self.cleaned_data.get("is_offline") else {}
        for name, words in (("latency", "a slow answer takes"), ("payload", "the largest request is")):
            if chosen := self.cleaned_data.get(name):
                found[name] = (
                    f"{words} {self._label(name, chosen).lower().replace(' mb', ' MB').replace(' gb', ' GB')}"
                )
        if pattern := self.cleaned_data.get("pattern"):
            found["pattern"] = f"calls come {self._label('pattern', pattern).lower()}"
        if models := self.cleaned_data.get("models"):
            found["models"] = plural(models, "model")
        return found

    def _label(self, name: str, value: str) -> str:
        field = self.fields[name]
        assert isinstance(field.widget, forms.Select)
        return next((str(words) for key, words in field.widget.choices if key == value), value)


def refuse(form: forms.Form, refused: Refused) -> None:
    """Put refusals beside their fields, those of no field on top."""
    for refusal in refused.refusals:
        form.add_error(refusal.field if refusal.field in form.fields else None, refusal.message)


def chosen(values: Iterable[str]) -> list[int]:
    """Primary keys of ticked rows; what is none is left out."""
    return [int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 19]
