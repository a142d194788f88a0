"""The configs section: every endpoint config and model that exists, also those no endpoint uses."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from fleet import locks
from fleet.aws import blueprints as aws_blueprints
from fleet.aws import sagemaker
from fleet.aws.blueprints import Listed
from fleet.aws.sessions import each
from fleet.errors import AwsError, NotFound
from fleet.models import EndpointConfig, HostedModel, Shard
from fleet.sync import blueprints
from fleet.sync.chunks import chunks

EVERY = timedelta(minutes=15)
DESCRIBED_AT_ONCE = 500
"""Most unknown configs, and most unknown models, described in one run; each is described once in its life."""
CHUNK = 100

Identity = tuple[str, datetime]


@dataclass
class Counts:
    """What one run did."""

    configs: int = 0
    models: int = 0
    described: int = 0

    def __str__(self) -> str:
        return f"{self.configs} configs and {self.models} models listed, {self.described} described"


def is_due(shard: Shard, now: datetime) -> bool:
    """Every quarter of an hour, from the second inventory on: most are known from their endpoints by then."""
    if shard.inventory_ok_at is None:
        return False
    tried = (shard.sections.get("configs") or {}).get("tried_at")
    return not tried or now - datetime.fromisoformat(tried) >= EVERY


def run(shard: Shard, *, now: datetime, fence: int, keep_alive: Callable[[], None]) -> Counts:
    """Mirror configs and models, and mark those gone that a complete listing lacks.

    Raises the first error of a describe after everything else is written.
    """
    counts = Counts()
    configs = list(aws_blueprints.list_endpoint_configs(shard.scope))
    keep_alive()
    models = list(aws_blueprints.list_models(shard.scope))
    counts.configs, counts.models = len(configs), len(models)
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        new_configs = _mark(EndpointConfig, shard, configs, now)
        new_models = _mark(HostedModel, shard, models, now)
    failure: AwsError | None = None
    for names, describe, write in (
        (new_models, sagemaker.describe_model, blueprints.write_models),
        (new_configs, sagemaker.describe_endpoint_config, blueprints.write_configs),
    ):
        for chunk in chunks(names[:DESCRIBED_AT_ONCE], CHUNK):
            keep_alive()
            error = _describe(shard, chunk, describe, write, counts, fence)
            failure = failure or error
            if error is not None:
                break
    if failure is not None:
        raise failure
    return counts


def _mark(
    model: type[EndpointConfig] | type[HostedModel], shard: Shard, listed: Iterable[Listed], now: datetime
) -> list[str]:
    """Set and clear gone_at against a complete listing; the names not stored yet, the newest first."""
    present = {(row.name, row.created_at) for row in listed}
    rows = model._default_manager.filter(shard=shard)
    known: dict[Identity, tuple[int, bool]] = {
        (name, created): (pk, gone is not None)
        for pk, name, created, gone in rows.values_list("pk", "name", "created_at", "gone_at")
    }
    gone = [pk for key, (pk, is_gone) in known.items() if key not in present and not is_gone]
    back = [pk for key, (pk, is_gone) in known.items() if key in present and is_gone]
    rows.filter(pk__in=gone).update(gone_at=now)
    rows.filter(pk__in=back).update(gone_at=None)
    unknown = sorted(present - set(known), key=lambda key: key[1], reverse=True)
    return [name for name, _ in unknown]


def _describe(
    shard: Shard,
    names: list[str],
    describe: Callable[[Any, str], Mapping[str, Any]],
    write: Callable[[Shard, list[Mapping[str, Any]]], object],
    counts: Counts,
    fence: int,
) -> AwsError | None:
    """Describe and store these; the first error that is not a disappearance meanwhile."""
    answers = list(each(lambda name: describe(shard.scope, name), names))
    documents = [answer for _, answer in answers if not isinstance(answer, AwsError)]
    with transaction.atomic():
        locks.guard(shard.pk, fence)
        write(shard, documents)
    counts.described += len(documents)
    errors = [a for _, a in answers if isinstance(a, AwsError) and not isinstance(a, NotFound)]
    return errors[0] if errors else None
