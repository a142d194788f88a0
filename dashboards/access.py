"""Who may do what: role checks for views, and one function per kind of object that finds it or answers 404."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from dashboards import staleness
from fleet.models import (
    Account,
    Advice,
    Budget,
    ConsolidationSet,
    Endpoint,
    Incident,
    Notification,
    Operation,
    Shard,
    TransformJob,
    User,
)

View = Callable[..., HttpResponse]

ROLES: tuple[str, ...] = (User.Role.VIEWER, User.Role.OPERATOR, User.Role.ADMIN)
"""Weakest first: each role may do what the ones before it may."""


class RoleNeeded(PermissionDenied):
    """The person's role is too weak; the 403 page says which one is needed."""

    def __init__(self, needed: str, held: str) -> None:
        super().__init__(f"This needs the role {needed}; you are signed in as {held}.")
        self.needed = needed
        self.held = held


def may(user: Any, role: str) -> bool:
    """True when `user` holds `role` or a stronger one. Anonymous users hold none, superusers all."""
    if not user.is_authenticated:
        return False
    return user.is_superuser or ROLES.index(user.role) >= ROLES.index(role)


def require_role(role: str) -> Callable[[View], View]:
    """View decorator: 403 with the needed role for people below it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if not may(request.user, role):
                raise RoleNeeded(role, request.user.role)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def endpoint_for(request: HttpRequest, pk: int) -> Endpoint:
    """One endpoint with its shard and account, closed ones included: their history stays readable."""
    rows = Endpoint.objects.select_related("shard__account", "config", "hosted_model_count__set_by")
    found = get_object_or_404(rows, pk=pk)
    staleness.remember(request, found.shard)
    return found


def operation_for(request: HttpRequest, code: str) -> Operation:
    """One operation by its code (without the op- prefix)."""
    operations = Operation.objects.select_related("endpoint__shard__account", "requested_by")
    found = get_object_or_404(operations, code=code)
    staleness.remember(request, found.endpoint.shard)
    return found


def incident_for(request: HttpRequest, pk: int) -> Incident:
    """One incident with its rule and endpoint."""
    incidents = Incident.objects.select_related(
        "rule", "endpoint__shard__account", "acknowledged_by", "operation"
    )
    found = get_object_or_404(incidents, pk=pk)
    if found.endpoint is not None:
        staleness.remember(request, found.endpoint.shard)
    return found


def advice_for(request: HttpRequest, pk: int) -> Advice:
    """One advice with its endpoint and people, also one that is true no more."""
    advice = Advice.objects.select_related("endpoint__shard__account", "assigned_to", "dismissed_by")
    found = get_object_or_404(advice, pk=pk)
    staleness.remember(request, found.endpoint.shard)
    return found


def sharing_set_for(request: HttpRequest, pk: int) -> ConsolidationSet:
    """One set of endpoints that could share one, as long as it is true."""
    found = get_object_or_404(ConsolidationSet.objects.select_related("shard__account"), pk=pk, gone_at=None)
    staleness.remember(request, found.shard)
    return found


def budget_for(request: HttpRequest, pk: int) -> Budget:
    """One budget with where it stands and its owner."""
    return get_object_or_404(Budget.objects.select_related("stand", "owner"), pk=pk)


def notification_for(request: HttpRequest, pk: int) -> Notification:
    """One mail of the delivery log."""
    return get_object_or_404(Notification.objects.select_related("incident"), pk=pk)


def shard_for(request: HttpRequest, pk: int) -> Shard:
    """One enabled account region with its account."""
    return get_object_or_404(Shard.objects.select_related("account"), pk=pk, enabled=True)


def account_for(request: HttpRequest, pk: int) -> Account:
    """One AWS account."""
    return get_object_or_404(Account, pk=pk)


def transform_job_for(request: HttpRequest, pk: int) -> TransformJob:
    """One transform job with its account and region."""
    found = get_object_or_404(TransformJob.objects.select_related("shard__account"), pk=pk)
    staleness.remember(request, found.shard)
    return found
