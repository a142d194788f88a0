"""Conditions on states rather than metrics: endpoint status, operations, budgets, sync. One query or two per rule.

Every subject that is watched is judged on each run, so an open incident whose subject is no longer among the true
ones has ended; endpoints of a shard whose inventory is late are left out, because their state is old.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from fleet.alerts import budgets, built_from, jobs, own_health, quotas, rises, syncing
from fleet.alerts.conditions import Measure
from fleet.alerts.rules import RuleSpec
from fleet.models import Endpoint, Incident, Operation, Shard
from fleet.types import EndpointStatus

_BAD_STATES = (Operation.State.FAILED, Operation.State.ROLLED_BACK)
_BAD_VERDICTS = (Operation.Verdict.ROLLED_BACK, Operation.Verdict.OVERWRITTEN, Operation.Verdict.UNKNOWN)


def measure(spec: RuleSpec, values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Subjects on which the rule is true."""
    return _CONDITIONS[spec.key](values, now)


def unjudged_subjects(key: str, values: Mapping[str, float], now: datetime) -> frozenset[str]:
    """Subjects on which the rule neither opens nor ends anything now, so that their open incidents stay.

    Endpoints and quotas behind a late inventory, quotas within the margin below their threshold, and endpoints of
    which AWS could not say whether what they are built from exists.
    """
    if key in quotas.KEYS:
        return quotas.unjudged_subjects(values, _late(now))
    if key == rises.KEY:
        return rises.unjudged_subjects(now)
    if key not in _ON_ENDPOINTS:
        return frozenset()
    late = Shard.objects.filter(enabled=True, account__enabled=True).exclude(inventory_ok_at__gt=_late(now))
    unknown = Q(shard__in=late)
    if key == built_from.KEY:
        unknown |= built_from.UNJUDGED
    ids = Endpoint.objects.filter(unknown, closed_at=None).values_list("id", flat=True)
    return frozenset(f"endpoint:{pk}" for pk in ids)


def _late(now: datetime) -> datetime:
    return now - timedelta(seconds=settings.STALE_AFTER_S)


def _endpoints(now: datetime) -> QuerySet[Endpoint]:
    return _described(now).filter(closed_at=None)


def _described(now: datetime) -> QuerySet[Endpoint]:
    """Endpoints, closed ones too, whose account and region are watched and were read lately."""
    return Endpoint.objects.filter(
        shard__enabled=True,
        shard__account__enabled=True,
        shard__inventory_ok_at__gt=_late(now),
    )


def _endpoint_measures(endpoints: Iterable[Endpoint], now: datetime, **values: Any) -> list[Measure]:
    return [
        Measure.holding(
            subject=f"endpoint:{endpoint.pk}",
            since=endpoint.status_since or endpoint.modified_at,
            now=now,
            values={"status": endpoint.status, "reason": endpoint.failure_reason, **values},
            endpoint_id=endpoint.pk,
        )
        for endpoint in endpoints
    ]


def _in_status(*statuses: str) -> Callable[[Mapping[str, float], datetime], list[Measure]]:
    def run(values: Mapping[str, float], now: datetime) -> list[Measure]:
        return _endpoint_measures(_endpoints(now).filter(status__in=statuses), now)

    return run


def _too_long_in(*statuses: str) -> Callable[[Mapping[str, float], datetime], list[Measure]]:
    def run(values: Mapping[str, float], now: datetime) -> list[Measure]:
        since = now - timedelta(minutes=values["for_min"])
        found = _endpoints(now).filter(
            Q(status_since__lte=since) | Q(status_since=None, modified_at__lte=since), status__in=statuses
        )
        return _endpoint_measures(found, now, for_min=values["for_min"])

    return run


def _update_not_applied(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Each endpoint's last ended operation, if it was not applied, and failures of updates made elsewhere.

    The incident of an operation whose endpoint is gone opens like any other and ends with the next evaluation.

    An UpdateEndpoint that fails comes back InService on the old config, sometimes with a failure reason
    (hashicorp/terraform-provider-aws#48997, #46663): InService with a reason is an update that failed.
    """
    floor = now - timedelta(hours=values["keep_h"])
    ended = Operation.objects.filter(endpoint=OuterRef("pk"), state__in=Operation.ENDED).exclude(
        state__in=(Operation.State.CANCELLED, Operation.State.EXPIRED)
    )
    last = ended.order_by("-finished_at", "-id").values("pk")[:1]
    # An endpoint that vanished under its operation counts too, once: people wait for how the operation ended.
    operation_ids = _described(now).annotate(last=Subquery(last)).exclude(last=None).values("last")
    told = Incident.objects.exclude(operation=None).values("operation")
    operations = Operation.objects.filter(
        Q(state__in=_BAD_STATES) | Q(verdict__in=_BAD_VERDICTS), pk__in=operation_ids, finished_at__gte=floor
    ).exclude(endpoint__closed_at__isnull=False, pk__in=told)
    found = [_operation_measure(operation, now) for operation in operations]
    known = {measure.endpoint_id for measure in found}
    elsewhere = (
        _endpoints(now)
        .filter(status=EndpointStatus.IN_SERVICE, modified_at__gte=floor)
        .exclude(Q(failure_reason="") | Q(pk__in=known))
    )
    return found + _endpoint_measures(elsewhere, now)


def _operation_measure(operation: Operation, now: datetime) -> Measure:
    error = operation.aws_error or {}
    return Measure.holding(
        subject=f"endpoint:{operation.endpoint_id}",
        since=operation.finished_at or operation.planned_at,
        now=now,
        values={
            "verdict": operation.verdict,
            "kind": operation.kind,
            "code": operation.code,
            "reason": operation.failure_reason or error.get("message", "") or operation.verdict_detail,
        },
        endpoint_id=operation.endpoint_id,
        operation_id=operation.pk,
    )


_CONDITIONS: dict[str, Callable[[Mapping[str, float], datetime], list[Measure]]] = {
    "update-not-applied": _update_not_applied,
    "endpoint-failed": _in_status(EndpointStatus.FAILED, EndpointStatus.OUT_OF_SERVICE),
    "update-rollback-failed": _in_status(EndpointStatus.UPDATE_ROLLBACK_FAILED),
    "creating-too-long": _too_long_in(EndpointStatus.CREATING),
    "updating-too-long": _too_long_in(EndpointStatus.UPDATING, EndpointStatus.ROLLING_BACK),
    budgets.PASSED: budgets.passed,
    budgets.FORECAST: budgets.forecast,
    rises.KEY: rises.risen,
    jobs.FAILED: jobs.failed,
    jobs.LONG: jobs.long,
    **dict.fromkeys(quotas.KEYS, lambda values, now: quotas.measures(values, _late(now), now)),
    built_from.KEY: lambda values, now: built_from.broken(_endpoints(now), values, now),
    syncing.STALE: syncing.stale,
    syncing.FAILING: syncing.failing,
    own_health.THROTTLED: own_health.throttled,
    own_health.MAILS: own_health.stuck,
}
_ON_ENDPOINTS = frozenset(
    {
        "update-not-applied",
        "endpoint-failed",
        "update-rollback-failed",
        "creating-too-long",
        "updating-too-long",
        built_from.KEY,
    }
)
