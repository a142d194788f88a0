"""The form that plans a schedule: days, hours and level in plain words, one expression of AWS's, or the way back."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, htmx
from dashboards.operations import actions, words
from dashboards.operations.forms import NUMBER, WishForm
from fleet.models import Endpoint, User
from fleet.operations import drafts
from fleet.operations.kinds import Observed, OperationKind
from fleet.operations.schedule_track import COOLDOWN_S
from fleet.operations.schedules import DAYS, ScheduleWish, Spot, Way, pattern

TEMPLATE = "pages/operations/change_schedule.html"
WAYS = [
    (Way.WEEKLY.value, "Days and hours"),
    (Way.WEEK.value, "A level at each time"),
    (Way.ONE.value, "One scheduled action"),
    (Way.TRACK.value, "Follow the utilisation"),
    (Way.BOUNDS.value, "Lowest and highest"),
    (Way.WAKE.value, "Wake from 0"),
    (Way.REMOVE.value, "Remove a scheduled action"),
    (Way.LEAVE.value, "No scaling at all"),
]
BACK = (Way.RESTORE.value, "As it was before")


def _text(label: str, help_text: str = "", **attributes: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attributes})
    return forms.CharField(label=label, required=False, max_length=1600, help_text=help_text, widget=widget)


class ScheduleForm(WishForm):
    """Fields of the ways that are not chosen are ignored."""

    target = forms.CharField(label="What is scheduled", required=False, max_length=600, widget=forms.Select)
    way = forms.ChoiceField(label="How", required=False, choices=WAYS, widget=forms.RadioSelect)
    days = forms.CharField(
        label="Days",
        required=False,
        max_length=20,
        widget=forms.Select(choices=[(key, row[0]) for key, row in DAYS.items()]),
    )
    from_hour = _text("From", **NUMBER)
    to_hour = _text("To", **NUMBER)
    level = _text("Level", **NUMBER)
    rest = _text("Level outside", **NUMBER)
    timezone = _text("Time zone", "UTC, or a name like Europe/Paris.", spellcheck="false")
    name = _text("Name", spellcheck="false")
    schedule = _text(
        "Schedule", "cron(0 8 ? * MON-FRI *), rate(12 hours) or at(2026-12-24T18:00:00).", spellcheck="false"
    )
    minimum = _text("Minimum", **NUMBER)
    maximum = _text("Maximum", **NUMBER)
    start = _text("Not before, UTC", "2026-12-24 18:00. Empty for none.")
    end = _text("Not after, UTC", "Empty for none. The level then stays.")
    back_after = _text(
        "Back to 0 after, hours",
        "AWS then takes the instances away by itself. Empty: a policy or a person does.",
        **NUMBER,
    )
    lines = forms.CharField(
        label="Times and levels, one a line",
        required=False,
        max_length=10_000,
        help_text="cron(58 7 ? * MON-FRI *) 4 sets minimum and maximum to 4 at 7:58, until the next line does.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
    )
    goal = _text("Utilisation to keep, %", "Below it units go, above it units come.", **NUMBER)
    out_cooldown = _text("Wait after adding, s", **NUMBER)
    in_cooldown = _text("Wait after taking away, s", **NUMBER)
    removed = forms.CharField(label="Scheduled action", required=False, max_length=256, widget=forms.Select)
    before = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, spots: tuple[Spot, ...], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self.fields["target"], [(spot.key, spot.label) for spot in spots])
        names = sorted({action.name for spot in spots for action in spot.actions})
        _choose(self.fields["removed"], [("", "All of them"), *((name, name) for name in names)])
        if self["before"].value():
            way = self.fields["way"]
            assert isinstance(way, forms.ChoiceField)
            way.choices = [*WAYS, BACK]

    @staticmethod
    def read(values: Mapping[str, Any]) -> ScheduleWish:
        """The wish of a form's values, without what belongs to another way."""
        way = values.get("way") or Way.WEEKLY.value
        taken = {name: str(values.get(name) or "").strip() for name in ("target", *_FIELDS[Way(way)])}
        if way == Way.REMOVE:
            taken["name"] = taken.pop("removed")
        if "timezone" in taken:
            taken["timezone"] = taken["timezone"] or "UTC"
        return ScheduleWish(way, **taken)

    @staticmethod
    def start_of(seen: Observed, key: str) -> dict[str, Any]:
        """First values: the weekly schedule of today, or hours to begin with."""
        spot = next((spot for spot in seen.spots if key in {spot.key, ""}), None)
        if spot is None:
            return {}
        known = pattern(spot.actions, spot.level, timezone.now())
        first = {
            "days": "weekdays",
            "from_hour": "8",
            "to_hour": "18",
            "timezone": "UTC",
            "rest": str(spot.floor or 0),
            "goal": "70",
            "out_cooldown": str(COOLDOWN_S),
            "in_cooldown": str(COOLDOWN_S),
        }
        if spot.level is not None and spot.level > spot.floor:
            first["level"] = str(spot.level)
        return {"target": spot.key, "way": Way.WEEKLY.value, **first, **(known.fields if known else {})}


_FIELDS: Mapping[Way, tuple[str, ...]] = {
    Way.WEEKLY: ("days", "from_hour", "to_hour", "level", "rest", "timezone"),
    Way.WEEK: ("lines", "timezone"),
    Way.TRACK: ("goal", "minimum", "maximum", "out_cooldown", "in_cooldown"),
    Way.ONE: ("name", "schedule", "minimum", "maximum", "start", "end", "timezone"),
    Way.REMOVE: ("removed",),
    Way.RESTORE: ("before",),
    Way.BOUNDS: ("minimum", "maximum"),
    Way.LEAVE: (),
    Way.WAKE: ("back_after",),
}


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change_schedule(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Scheduled actions of an endpoint's instances, provisioned concurrency or inference components."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing(endpoint, request.user, of_schedule=True)
    asked = _asked(request, endpoint)
    if asked.get("way") == Way.REMOVE:
        asked["removed"] = asked.pop("name", "")
    start = ScheduleForm.start_of(seen, asked.get("target", "")) | asked
    form = ScheduleForm(actions.data(request), initial=start, spots=seen.spots)
    page = actions.Page(OperationKind.CHANGE_SCHEDULE, TEMPLATE, {"spots": seen.spots})
    return actions.answer(request, endpoint, seen, refusals, form, page)


def _asked(request: htmx.HtmxHttpRequest, endpoint: Endpoint) -> dict[str, str]:
    """What the address fills the form with: fields, or an operation of this endpoint to repeat or to take back."""
    for name in ("again", "back"):
        if name in request.GET:
            operation = access.operation_for(request, request.GET[name])
            if operation.endpoint_id == endpoint.pk and operation.kind == OperationKind.CHANGE_SCHEDULE:
                return words.plan_again(operation, back=name == "back")
    known = {*ScheduleForm.base_fields} - {"reason", "form_token"}
    return {name: request.GET[name] for name in known if name in request.GET}


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field.widget, forms.Select)
    field.widget.choices = choices
