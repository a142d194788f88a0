"""The form that splits the models of an endpoint over two, and the one that deletes the second one again."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboards import access, htmx
from dashboards.operations import actions, words
from dashboards.operations.forms import NUMBER, WishForm
from fleet import hosted_models
from fleet.models import Endpoint, User
from fleet.operations import drafts, instance_changes, splits
from fleet.operations.kinds import Observed, OperationKind, SplitWish, UnsplitWish

SPLIT, DELETE = "pages/operations/split_models.html", "pages/operations/delete_split.html"
_SECOND = "-b"


class SplitForm(WishForm):
    """The second endpoint: its name, its instances, and the models that callers send there."""

    name = forms.CharField(
        label="Name of the second endpoint",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    instance_count = forms.CharField(
        label="Its instances", required=False, max_length=20, widget=forms.TextInput(attrs=NUMBER)
    )
    models = forms.CharField(
        label="Models that move, one a line",
        required=False,
        max_length=splits.MOST_MODELS * 100,
        help_text="As callers send them in TargetModel. Put similar ones together: of one size, called alike.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "mono"}),
    )
    field_order = ("name", "instance_count", "models", "reason")

    @staticmethod
    def read(values: Mapping[str, Any]) -> SplitWish:
        """The wish of a form's values."""
        return SplitWish(
            values.get("name", ""), str(values.get("instance_count", "")), values.get("models", "")
        )

    @staticmethod
    def start(seen: Observed) -> dict[str, Any]:
        """First values: a name beside this one's, and as many instances."""
        spot = instance_changes.spot_of(seen)
        room = splits.LONGEST_NAME - len(_SECOND)
        name = f"{seen.endpoint[:room].rstrip('-')}{_SECOND}"
        return {"name": name, "instance_count": spot.level if spot else ""}


class DeleteForm(WishForm):
    """Nothing but the reason: the name is typed at confirmation."""

    @staticmethod
    def read(values: Mapping[str, Any]) -> UnsplitWish:
        """The wish, which no value changes."""
        return UnsplitWish()


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def split_models(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """A second endpoint beside a multi-model one, for some of its models."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing_of_split(endpoint, request.user)
    form = SplitForm(actions.data(request), initial=SplitForm.start(seen) | _asked(request, endpoint))
    context = {"spot": instance_changes.spot_of(seen), "hosted": hosted_models.entered(endpoint)}
    page = actions.Page(OperationKind.SPLIT_MODELS, SPLIT, context)
    return actions.answer(request, endpoint, seen, refusals, form, page)


def _asked(request: htmx.HtmxHttpRequest, endpoint: Endpoint) -> dict[str, Any]:
    """What the address fills the form with: fields, or a split of this endpoint to repeat."""
    if "again" in request.GET:
        operation = access.operation_for(request, request.GET["again"])
        if operation.endpoint_id == endpoint.pk and operation.kind == OperationKind.SPLIT_MODELS:
            return words.plan_again(operation)
    return {name: request.GET[name] for name in ("name", "instance_count", "models") if name in request.GET}


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def delete_split(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Delete an endpoint that a split made."""
    endpoint: Endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing_of_unsplit(endpoint, request.user, timezone.now())
    page = actions.Page(OperationKind.DELETE_SPLIT, DELETE, {})
    return actions.answer(request, endpoint, seen, refusals, DeleteForm(actions.data(request)), page)
