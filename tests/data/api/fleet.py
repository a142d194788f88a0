"""One row behind every resource of the API, in an account; a second account shows what a bound token may not see."""

from datetime import timedelta
from decimal import Decimal

from fleet.models import (
    Advice,
    AlertRule,
    Container,
    DailyCost,
    Endpoint,
    HostedModel,
    Incident,
    Operation,
    OperationStep,
    Quota,
    ScalableTarget,
    ScalingPolicy,
    ScheduledAction,
    Shard,
    TransformJob,
)
from tests.data.dashboards import rows

HOSTILE = "<b>'\"; DROP 💥"


def cost(of: Endpoint, amount: str | None, confidence: str = "estimated", item: str = "4096") -> DailyCost:
    """One line of today."""
    return DailyCost.objects.create(
        endpoint=of,
        variant=rows.variant(of),
        day=rows.now().date(),
        component="execution-on-demand",
        item=item,
        quantity=Decimal(5),
        unit="second",
        usd_per_unit=None if amount is None else Decimal(amount) / 5,
        amount=None if amount is None else Decimal(amount),
        confidence=confidence,
        price_source="AWS Price List",
        computed_at=rows.now(),
        data_until=rows.hour(),
    )


def build(account_id: str = "111122223333", alias: str = "prod") -> Endpoint:
    """The account's serverless endpoint, around which everything else stands."""
    shard = rows.shard(alias=alias, account_id=account_id, sections={"tags": {"error": _refused()}})
    faq = rows.serverless(shard, f"{alias}-faq", provisioned_concurrency=2)
    Endpoint.objects.filter(pk=faq.pk).update(tags={"note": HOSTILE}, owner=HOSTILE, team="search")
    multi = rows.multi_model(shard, f"{alias}-many")
    closed = rows.serverless(shard, f"{alias}-gone")
    Endpoint.objects.filter(pk=closed.pk).update(closed_at=rows.now())
    # One clock: a minute or an hour may begin meanwhile.
    now = rows.now()
    hour = now.replace(minute=0)
    for n in range(1, 4):
        rows.minute_bucket(faq, now - timedelta(minutes=n), invocations=4.0, setup_count=1.0)
        rows.hour_bucket(faq, hour - timedelta(hours=n), invocations=9.0)
        rows.hour_bucket(multi, hour - timedelta(hours=n), cache_hit_sum=6.0, cache_hit_count=8.0)
    cost(faq, "1.25")
    cost(multi, None, "unpriced", "ml.c5d.xlarge")
    _models(shard, faq)
    _scaling(shard, faq)
    _operation(faq, alias)
    _incidents(faq)
    _advice(faq)
    Quota.objects.create(
        shard=shard, code=f"L-{alias}", name="q", value=200.0, source="Service Quotas", fetched_at=rows.now()
    )
    TransformJob.objects.create(
        shard=shard, name=f"{alias}-job", arn="arn:aws:sagemaker", status="Failed", failure_reason=HOSTILE,
        created_at=rows.now() - timedelta(minutes=9), started_at=rows.now() - timedelta(minutes=8),
        ended_at=rows.now() - timedelta(minutes=2), first_seen_at=rows.now(), instance_type="ml.m5.large",
        instance_count=2,
    )  # fmt: skip
    return Endpoint.objects.get(pk=faq.pk)


def _refused() -> dict[str, str]:
    since = (rows.now() - timedelta(hours=1)).isoformat()
    return {"code": "AccessDenied", "message": HOSTILE, "action": "tag:GetResources", "since": since}


def _models(shard: Shard, faq: Endpoint) -> None:
    model = HostedModel.objects.create(
        shard=shard, name=f"{faq.name}-model", arn="arn:aws:sagemaker", created_at=rows.now()
    )
    Container.objects.create(
        model=model, position=0, image="image:1", model_data_url="s3://bucket/model.tar.gz"
    )


def _scaling(shard: Shard, faq: Endpoint) -> None:
    target = ScalableTarget.objects.create(
        shard=shard,
        endpoint=faq,
        variant_name="AllTraffic",
        resource_id=f"endpoint/{faq.name}/variant/AllTraffic",
        dimension="sagemaker:variant:DesiredProvisionedConcurrency",
        min_capacity=1,
        max_capacity=5,
    )
    ScalingPolicy.objects.create(target=target, name="track", policy_type="TargetTrackingScaling")
    ScheduledAction.objects.create(target=target, name="morning", schedule="cron(0 6 * * ? *)")


def _operation(faq: Endpoint, alias: str) -> None:
    operation = Operation.objects.create(
        form_token=alias, kind="change-concurrency", endpoint=faq, variant_name="AllTraffic", state="failed",
        verdict="refused", planned_at=rows.now(), requested_by=None, parameters={"max_concurrency": 5},
        aws_error={"code": "ValidationException", "message": HOSTILE}, monthly_cost_change_usd=Decimal("-3.5"),
    )  # fmt: skip
    OperationStep.objects.create(operation=operation, position=0, action="UpdateEndpoint", title="Update")


def _advice(faq: Endpoint) -> None:
    Advice.objects.create(
        endpoint=faq, rule="memory-too-large", version=1, decision="size", severity=2, effort=0, risk=1, title=HOSTILE,
        why=HOSTILE, saving_low=Decimal("1.5"), saving_high=Decimal(2), operation_kind="change-memory",
        operation_fields={"memory_mb": "2048"}, first_seen_at=rows.now(), last_seen_at=rows.now(),
    )  # fmt: skip


def _incidents(faq: Endpoint) -> None:
    rule, _ = AlertRule.objects.get_or_create(key="throttled", defaults={"name": "T", "severity": "warning"})
    for subject, endpoint in ((f"endpoint:{faq.pk}", faq), (f"budget:{faq.pk}", None)):
        Incident.objects.create(
            rule=rule, subject=subject, endpoint=endpoint, severity="warning", title=HOSTILE, summary="s",
            facts=[["Calls", 3]], opened_at=rows.now(), condition_since=rows.now(), last_true_at=rows.now(),
        )  # fmt: skip
