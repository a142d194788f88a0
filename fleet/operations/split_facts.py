"""What a split and its way back are held against, from the mirror's rows. Reads the database, never AWS."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum

from fleet.hosted_models import entered
from fleet.models import Endpoint, FineBucket, Operation, VariantStatus
from fleet.operations.kinds import OperationKind, SplitOrigin

CALLED_WITHIN = timedelta(hours=1)
"""A call so long ago says that somebody still names the endpoint."""


@dataclass(frozen=True)
class SplitFacts:
    """is_taken: an endpoint of the wanted name is known. hosted: models as entered, None = nobody has."""

    is_taken: bool
    hosted: int | None


def of(endpoint: Endpoint, name: str) -> SplitFacts:
    """Two queries."""
    same = Endpoint.objects.filter(shard=endpoint.shard_id, name=name, closed_at=None)
    count = entered(endpoint)
    return SplitFacts(same.exists(), count.count if count else None)


def made(operation: Operation) -> Endpoint | None:
    """The endpoint that a split made, as long as the mirror knows it."""
    name = operation.plan["wanted"]["new_endpoint"]
    return Endpoint.objects.filter(shard=operation.endpoint.shard_id, name=name, closed_at=None).first()


def origin(endpoint: Endpoint, now: datetime) -> SplitOrigin | None:
    """The split that made the endpoint as it is; None for every other endpoint, also one on another config since."""
    found = (
        Operation.objects.filter(
            kind=OperationKind.SPLIT_MODELS,
            endpoint__shard=endpoint.shard_id,
            confirmed_at__isnull=False,
            plan__wanted__new_endpoint=endpoint.name,
            plan__wanted__config_name=endpoint.config_name,
        )
        .select_related("endpoint")
        .order_by("-pk")
        .first()
    )
    return SplitOrigin(found.code, found.endpoint.name, _calls(endpoint, now)) if found else None


def _calls(endpoint: Endpoint, now: datetime) -> float | None:
    """Calls of the last hour; None while its metrics were not read over that time."""
    variants = VariantStatus.objects.filter(endpoint=endpoint, removed_at=None)
    counted = FineBucket.objects.filter(
        variant__in=variants, at__gte=now - CALLED_WITHIN, at__lt=now, invocations__isnull=False
    ).aggregate(calls=Sum("invocations"))["calls"]
    return None if counted is None else float(counted)
