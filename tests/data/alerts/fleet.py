"""A small fleet for alert tests: endpoints of any kind, their buckets, and the people who get mails."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fleet.models import Account, AlertRule, Endpoint, FineBucket, Incident, Shard, User, VariantStatus
from fleet.types import Kind

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PASSWORD = "correct horse battery staple"


def minutes(value: float) -> timedelta:
    return timedelta(minutes=value)


def person(name: str, role: str = User.Role.OPERATOR, **fields: Any) -> User:
    return User.objects.create_user(name, f"{name}@example.com", PASSWORD, role=role, **fields)


def make_shard(
    alias: str = "prod", region: str = "eu-west-1", *, at: datetime = NOON, **fields: Any
) -> Shard:
    """A shard whose sections were all read at `at`."""
    number = 100_000_000_000 + Account.objects.count()
    account, _ = Account.objects.get_or_create(alias=alias, defaults={"account_id": str(number)})
    return Shard.objects.create(
        account=account, region=region, **{"inventory_ok_at": at, "metrics_ok_at": at, **fields}
    )


def make_endpoint(
    shard: Shard,
    name: str,
    kind: Kind = Kind.SERVERLESS,
    *,
    variant: dict[str, Any] | None = None,
    **fields: Any,
) -> VariantStatus:
    """An endpoint with one live variant, which is returned."""
    since = NOON - timedelta(days=3)
    endpoint = Endpoint.objects.create(
        shard=shard,
        name=name,
        arn=f"arn:aws:sagemaker:{shard.region}:{shard.account.account_id}:endpoint/{name}",
        kind=kind,
        **{
            "status": "InService",
            "status_since": since,
            "created_at": since,
            "modified_at": since,
            "first_seen_at": since,
            "owner": "risk",
            **fields,
        },
    )
    live = {"max_concurrency": 20} if kind == Kind.SERVERLESS else {"instance_type": "ml.m5.large"}
    return VariantStatus.objects.create(endpoint=endpoint, name="AllTraffic", **{**live, **(variant or {})})


def fill(
    variant: VariantStatus, start: datetime, count: int, period_s: int = 60, **columns: float | None
) -> datetime:
    """`count` buckets with the same columns from `start`; the end of the last one."""
    FineBucket.objects.bulk_create(
        [
            FineBucket(
                variant=variant, at=start + timedelta(seconds=period_s * i), period_s=period_s, **columns
            )
            for i in range(count)
        ]
    )
    return start + timedelta(seconds=period_s * count)


def tune(key: str, **parameters: float) -> None:
    """Store parameters of a rule."""
    rule = AlertRule.objects.get(key=key)
    rule.parameters = {**rule.parameters, **parameters}
    rule.save()


def ongoing(key: str) -> list[Incident]:
    return list(Incident.objects.filter(rule__key=key, resolved_at=None).order_by("id"))
