"""Which transform jobs a scope, a window and a filter mean, and for how long each is billed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import (
    Case,
    DateTimeField,
    DecimalField,
    DurationField,
    ExpressionWrapper,
    F,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Extract, Greatest

from fleet.models import TransformJob
from fleet.queries.scope import ScopeFilter, TimeRange

RUNNING = ~Q(status__in=TransformJob.ENDED) & Q(missing_since=None)
"""Jobs under way, as far as AWS knows them."""


@dataclass(frozen=True)
class Criteria:
    """What the page is narrowed to; empty means everything."""

    scope: ScopeFilter
    statuses: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    search: str = ""


def meant(criteria: Criteria, window: TimeRange) -> QuerySet[TransformJob]:
    """Jobs that were created, ran or ended in the window."""
    touched = (
        Q(created_at__gte=window.start)
        | Q(ended_at__gte=window.start)
        | Q(last_seen_at__gte=window.start)
        | RUNNING
    )
    found = TransformJob.objects.filter(criteria.scope.q("shard"), touched, created_at__lt=window.end)
    if criteria.statuses:
        found = found.filter(status__in=criteria.statuses)
    if criteria.models:
        found = found.filter(model_name__in=criteria.models)
    if criteria.search:
        found = found.filter(
            Q(name__icontains=criteria.search)
            | Q(model_name__icontains=criteria.search)
            | Q(failure_reason__icontains=criteria.search)
        )
    return found


def timed(found: QuerySet[TransformJob], now: datetime) -> QuerySet[Any]:
    """With billed (interval) and instance_time (seconds × instances); null where AWS reported no start."""
    lost = Case(When(missing_since__isnull=False, then=Coalesce("last_seen_at", "first_seen_at")))
    end = Greatest(Coalesce(F("ended_at"), lost, Value(now), output_field=DateTimeField()), F("started_at"))
    billed = ExpressionWrapper(end - F("started_at"), output_field=DurationField())
    seconds = DecimalField(max_digits=24, decimal_places=6)
    return found.annotate(billed=billed).annotate(
        instance_time=ExpressionWrapper(Extract(billed, "epoch") * F("instance_count"), output_field=seconds)
    )
