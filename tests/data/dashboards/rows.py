"""Hand-made mirror rows for page tests: one account, endpoints of any kind, buckets with just the given columns."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from django.http import StreamingHttpResponse
from django.test import Client

from fleet.models import (
    Account,
    Endpoint,
    EndpointConfig,
    FineBucket,
    HourBucket,
    ProductionVariant,
    Shard,
    User,
    VariantStatus,
)
from fleet.types import Kind

PASSWORD = "correct horse battery staple"


def now() -> datetime:
    """The present minute, so that windows ending now contain what a test stores shortly before."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


def hour() -> datetime:
    """The present hour."""
    return now().replace(minute=0)


def read(client: Client, url: str) -> str:
    """A file that a page streams, as text."""
    response = client.get(url)
    assert isinstance(response, StreamingHttpResponse), "a file is written as it is read"
    assert response.status_code == 200
    assert isinstance(response.streaming_content, Iterator)
    return b"".join(response.streaming_content).decode()


def user(role: str = "viewer", password: str | None = PASSWORD) -> User:
    """A person with the role, named after it; None: without a password, which takes no time to hash."""
    return User.objects.create_user(role, f"{role}@example.com", password, role=role)


def shard(
    region: str = "eu-west-1", alias: str = "prod", account_id: str = "111122223333", **fields: Any
) -> Shard:
    """A shard read a moment ago, with its history stored for 70 days."""
    account, _ = Account.objects.get_or_create(account_id=account_id, defaults={"alias": alias})
    fresh = {
        "inventory_ok_at": now(),
        "metrics_ok_at": now(),
        "backfill_from": hour() - timedelta(days=70),
        "backfill_until": hour(),
        "backfill_done_until": hour(),
    }
    return Shard.objects.create(account=account, region=region, **{**fresh, **fields})


def endpoint(
    where: Shard,
    name: str,
    kind: Kind = Kind.SERVERLESS,
    *,
    live: Mapping[str, Any] | None = None,
    wanted: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Endpoint:
    """An endpoint InService with one variant AllTraffic; live and wanted are the variant's and the config's fields."""
    created = now() - timedelta(days=90)
    config = EndpointConfig.objects.create(
        shard=where,
        name=f"{name}-cfg-1",
        arn=f"arn:aws:sagemaker:{where.region}::endpoint-config/{name}",
        created_at=created,
    )
    common = {"model_name": f"{name}-model"}
    ProductionVariant.objects.create(config=config, name="AllTraffic", **{**common, **(wanted or {})})
    found = Endpoint.objects.create(
        **{
            "shard": where,
            "name": name,
            "arn": f"arn:aws:sagemaker:{where.region}:{where.account.account_id}:endpoint/{name.lower()}",
            "kind": kind,
            "status": "InService",
            "config": config,
            "config_name": config.name,
            "created_at": created,
            "modified_at": created,
            "first_seen_at": created,
            "described_at": now(),
            **fields,
        }
    )
    VariantStatus.objects.create(
        endpoint=found, name="AllTraffic", metrics_until=now(), **{**common, **(live or {})}
    )
    return found


def serverless(where: Shard, name: str, **live: Any) -> Endpoint:
    """A serverless endpoint, 4 GB and max 20 unless told otherwise."""
    capacity = {"memory_mb": 4096, "max_concurrency": 20, **live}
    return endpoint(where, name, Kind.SERVERLESS, live=capacity, wanted=capacity)


def multi_model(where: Shard, name: str, **live: Any) -> Endpoint:
    """A multi-model endpoint on two ml.c5d.xlarge."""
    shape = {
        "instance_type": "ml.c5d.xlarge",
        "current_instance_count": 2,
        "desired_instance_count": 2,
        **live,
    }
    return endpoint(
        where, name, Kind.MULTI_MODEL, live=shape, wanted={"instance_type": shape["instance_type"]}
    )


def variant(of: Endpoint) -> VariantStatus:
    """The endpoint's first variant."""
    found = of.variants.first()
    assert found is not None
    return found


def hour_bucket(of: Endpoint, at: datetime, **columns: float) -> None:
    """One stored hour."""
    HourBucket.objects.create(variant=variant(of), at=at, period_s=3600, **columns)


def minute_bucket(of: Endpoint, at: datetime, **columns: float) -> None:
    """One stored minute."""
    FineBucket.objects.create(variant=variant(of), at=at, period_s=60, **columns)


def words(html: str) -> str:
    """What a reader sees of a page: tags become spaces, entities characters, spaces single."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())
