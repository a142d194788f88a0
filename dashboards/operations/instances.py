"""The form that plans other instances for a variant that runs on instances already."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from dashboards import access, htmx
from dashboards.operations import actions
from dashboards.operations.forms import OnInstancesForm
from fleet.models import User
from fleet.operations import drafts, instance_changes, observe
from fleet.operations.kinds import InstancesWish, Observed, OperationKind

TEMPLATE = "pages/operations/change_instances.html"


class InstancesForm(OnInstancesForm):
    """Instance type and count of what runs on instances already."""

    @staticmethod
    def read(values: Mapping[str, Any]) -> InstancesWish:
        """The wish of a form's values."""
        return InstancesWish(
            values.get("instance_type", ""),
            values.get("instance_count", ""),
            bool(values.get("accept_unpriced")),
        )

    @staticmethod
    def start(seen: Observed) -> dict[str, Any]:
        """First values: what runs."""
        spot = instance_changes.spot_of(seen)
        return {"instance_type": spot.instance_type, "instance_count": spot.level} if spot else {}


@require_http_methods(["GET", "POST"])
@access.require_role(User.Role.OPERATOR)
def change_instances(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """Instance type and count of a real-time, multi-model, multi-container or asynchronous endpoint."""
    endpoint = access.endpoint_for(request, pk)
    seen, refusals = drafts.standing_of_instances(endpoint, request.user)
    form = InstancesForm(
        actions.data(request),
        initial=actions.first_values(request, InstancesForm.start(seen)),
        options=observe.instance_options(endpoint).values() if not refusals else (),
        is_admin=access.may(request.user, User.Role.ADMIN),
    )
    context = {"spot": instance_changes.spot_of(seen)}
    page = actions.Page(OperationKind.CHANGE_INSTANCES, TEMPLATE, context)
    return actions.answer(request, endpoint, seen, refusals, form, page)
