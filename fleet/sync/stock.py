"""Which tables hold rows of a shard at all: a section asks nothing of one that was empty when the run began."""

from django.db import models

from fleet import locks
from fleet.models import (
    Endpoint,
    EndpointConfig,
    HostedModel,
    InferenceComponent,
    Ownership,
    Quota,
    ScalableTarget,
    Shard,
    TransformJob,
)

_ASKED: tuple[type[models.Model], ...] = (
    Endpoint,
    EndpointConfig,
    HostedModel,
    ScalableTarget,
    Quota,
    TransformJob,
)
_HANG_ON_ENDPOINTS: tuple[type[models.Model], ...] = (InferenceComponent, Ownership)


class Stock:
    """Tables known to be empty of the shard's rows. It holds for the run whose fence was raised with it.

    Whoever writes the first rows says so (`fill`), so that the next portion of the same run looks.
    """

    def __init__(self, empty: set[type[models.Model]] | None = None) -> None:
        self._empty = empty or set()

    def has(self, model: type[models.Model]) -> bool:
        """False: the shard has no row of this model. True: it may have some."""
        return model not in self._empty

    def fill(self, *written: type[models.Model]) -> None:
        """Rows of these models may be there from now on."""
        self._empty -= set(written)


def begin(shard_id: int) -> tuple[Shard, Stock]:
    """The shard under a new fence, and what it has, in one statement; counts a run that has begun."""
    shard, there = locks.fenced_with(shard_id, _EXIST)
    empty = {model for model, exists in zip(_ASKED, there, strict=True) if not exists}
    if Endpoint in empty:
        empty |= set(_HANG_ON_ENDPOINTS)
    return shard, Stock(empty)


_EXIST = tuple(
    f"EXISTS (SELECT 1 FROM {model._meta.db_table} AS held WHERE held.shard_id = s.id)"  # noqa: S608
    for model in _ASKED
)
