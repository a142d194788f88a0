"""Endpoints: the list with the filters of its page, and everything about one of them."""

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import Field

from dashboards.api import paging
from dashboards.api.auth import permitted
from dashboards.api.parameters import EndpointSelection, Id, Listing, Text, Window
from dashboards.api.resources.endpoint_shapes import EndpointOut, shown
from dashboards.api.schemas import AsOf, Listed
from fleet.models import Endpoint, HostedModel, ProductionVariant
from fleet.queries import endpoint as queries
from fleet.queries import endpoint_records
from fleet.queries.endpoints import Criteria, State
from fleet.queries.scope import ScopeFilter

router = Router(tags=["endpoints"])


class EndpointsQuery(EndpointSelection, Listing, Window):
    """Which endpoints, over which window."""

    state: list[State] = Field(
        [], max_length=20, description="Repeatable; without it every state but closed."
    )
    owner: list[Text] = Field(
        [], max_length=50, description='Owner; "none" for those without one; repeatable.'
    )
    application: list[Text] = Field(
        [], max_length=50, description='Application; "none" for those without one; repeatable.'
    )
    q: Text = Field("", description="Words that stand in name, tags, models or images.")


class Endpoints(Listed):
    """A page of endpoints by name."""

    items: list[EndpointOut]


class WantedVariant(Schema):
    """A variant as its config wishes it."""

    name: str
    is_shadow: bool
    model_name: str
    instance_type: str
    initial_instance_count: int | None
    initial_weight: float | None
    volume_gb: int | None
    memory_mb: int | None
    max_concurrency: int | None
    provisioned_concurrency: int | None


class ContainerOut(Schema):
    """One container of a model, in invocation order."""

    position: int
    hostname: str
    image: str
    mode: str
    model_data_url: str


class ModelOut(Schema):
    """A model of the endpoint; arn null when it could not be read."""

    name: str
    arn: str | None
    execution_role_arn: str | None
    containers: list[ContainerOut]


class ConfigOut(Schema):
    """The live config, null where AWS does not let it be read."""

    name: str
    arn: str
    created_at: datetime
    variants: list[WantedVariant]


class ComponentOut(Schema):
    """An inference component."""

    name: str
    variant_name: str
    status: str
    model_name: str
    current_copies: int | None
    desired_copies: int | None


class EndpointDetail(EndpointOut):
    """An endpoint with what it is made of and what is going on with it."""

    config: ConfigOut | None
    models: list[ModelOut]
    inference_components: list[ComponentOut]
    open_incidents: list[int]
    active_operation: str | None
    as_of: AsOf


@router.get("/endpoints", response=Endpoints, summary="Endpoints")
def endpoints(request: HttpRequest, query: Query[EndpointsQuery]) -> dict[str, Any]:
    """Endpoints by name, with state, capacity, scaling, tags, cost of the month and figures of the window."""
    scope = query.filter(request)
    criteria = Criteria(
        scope, tuple(query.state), tuple(query.kind), tuple(query.team), query.q.strip(),
        owners=tuple(query.owner), applications=tuple(query.application),
    )  # fmt: skip
    found = endpoint_records.endpoint_slice(
        criteria,
        query.window(),
        now=timezone.now(),
        after=paging.after(query.cursor, "endpoints", (str, int)),
        limit=query.limit,
    )
    return paging.listed(request, "endpoints", found, scope, shown)


@router.get("/endpoints/{id}", response=EndpointDetail, summary="One endpoint")
def endpoint(request: HttpRequest, id: Path[Id], query: Query[Window]) -> dict[str, Any]:
    """State, kind and why, variants, config, models, scaling, tags, cost and figures; closed ones too."""
    found = endpoint_for(request, id)
    scope = permitted(request, ScopeFilter())
    record = endpoint_records.endpoint(id, scope, query.window(), now=timezone.now())
    if record is None:
        raise Http404
    head = queries.head(found)
    parts = queries.configuration(head)
    return {
        **shown(record),
        "config": _config(found, list(parts.wanted.values())),
        "models": [_model(each.name, each.model) for each in parts.models],
        "inference_components": parts.components,
        "open_incidents": [incident.pk for incident in head.incidents],
        "active_operation": head.operation.code if head.operation else None,
        "as_of": {"inventory": found.shard.inventory_ok_at, "metrics": found.shard.metrics_ok_at},
    }


def endpoint_for(request: HttpRequest, pk: int) -> Endpoint:
    """One endpoint that the token may read. Raises Http404 for any other."""
    scope = permitted(request, ScopeFilter())
    found = (
        Endpoint.objects.filter(scope.q("shard"), pk=pk).select_related("shard__account", "config").first()
    )
    if found is None:
        raise Http404
    return found


def _config(endpoint: Endpoint, variants: list[ProductionVariant]) -> dict[str, Any] | None:
    config = endpoint.config
    if config is None:
        return None
    return {"name": config.name, "arn": config.arn, "created_at": config.created_at, "variants": variants}


def _model(name: str, model: HostedModel | None) -> dict[str, Any]:
    return {
        "name": name,
        "arn": model.arn if model else None,
        "execution_role_arn": model.execution_role_arn if model else None,
        "containers": list(model.containers.all()) if model else [],
    }
