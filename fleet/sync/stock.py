"""Which tables hold rows of a shard at all: a section asks nothing of one that was empty when the run began."""

from collections.abc import Collection, Sequence

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
SMALL = 250
"""Open endpoints up to which a shard's rows may be held together with those of others."""
_HANG_ON_ENDPOINTS: tuple[type[models.Model], ...] = (InferenceComponent, Ownership)


class Stock:
    """Tables known to be empty of the shard's rows. It holds for the run whose fence was raised with it.

    Whoever writes the first rows says so (`fill`), so that the next portion of the same run looks. is_small: at most
    SMALL open endpoints are known to be there.
    """

    def __init__(self, empty: set[type[models.Model]] | None = None, *, is_small: bool = False) -> None:
        self._empty = empty or set()
        self.is_small = is_small

    def has(self, model: type[models.Model]) -> bool:
        """False: the shard has no row of this model. True: it may have some."""
        return model not in self._empty

    def fill(self, *written: type[models.Model]) -> None:
        """Rows of these models may be there from now on."""
        self._empty -= set(written)


def begin(shard_ids: Collection[int]) -> list[tuple[Shard, Stock]]:
    """Each shard under a new fence, and what it has, in one statement; counts runs that have begun.

    Of several some may be left out, see locks.fenced_with.
    """
    return [
        (shard, _stock(there, is_small)) for shard, (*there, is_small) in locks.fenced_with(shard_ids, _ASK)
    ]


def _stock(there: Sequence[bool], is_small: bool) -> Stock:
    empty = {model for model, exists in zip(_ASKED, there, strict=True) if not exists}
    if Endpoint in empty:
        empty |= set(_HANG_ON_ENDPOINTS)
    return Stock(empty, is_small=is_small)


_ASK = (
    *(
        f"EXISTS (SELECT 1 FROM {model._meta.db_table} AS held WHERE held.shard_id = s.id)"  # noqa: S608
        for model in _ASKED
    ),
    "NOT EXISTS (SELECT 1 FROM fleet_endpoint AS held WHERE held.shard_id = s.id AND held.closed_at IS NULL "  # noqa: S608
    f"OFFSET {SMALL})",
)
