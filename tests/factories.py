"""Rows for tests, as the workers would leave them: accounts, endpoints of every kind, buckets, costs, incidents.

Each factory gives a plain, healthy row; a test names what it is about.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory, Password
from factory.helpers import post_generation

from fleet import models
from fleet.types import Confidence, CostComponent, Kind

PASSWORD = "correct horse battery staple"
LONG_AGO = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def now() -> datetime:
    """The present minute: windows that end now hold what a test stores shortly before."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


class UserFactory(DjangoModelFactory):
    class Meta:
        model = models.User
        skip_postgeneration_save = True

    username = Sequence(lambda n: f"person{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.com")
    password = Password(PASSWORD)
    role = models.User.Role.VIEWER


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = models.Account
        django_get_or_create = ("account_id",)

    account_id = "111122223333"
    alias = LazyAttribute(lambda account: f"acct-{account.account_id[-4:]}")


class ShardFactory(DjangoModelFactory):
    class Meta:
        model = models.Shard
        django_get_or_create = ("account", "region")

    account = SubFactory(AccountFactory)
    region = "eu-west-1"
    inventory_ok_at = LazyFunction(now)
    metrics_ok_at = LazyFunction(now)


class EndpointFactory(DjangoModelFactory):
    """An endpoint InService with one variant AllTraffic; `live` sets the variant's fields."""

    class Meta:
        model = models.Endpoint
        skip_postgeneration_save = True

    shard = SubFactory(ShardFactory)
    name = Sequence(lambda n: f"endpoint-{n}")
    arn = LazyAttribute(
        lambda e: f"arn:aws:sagemaker:{e.shard.region}:{e.shard.account.account_id}:endpoint/{e.name}"
    )
    kind = Kind.SERVERLESS
    status = "InService"
    config_name = LazyAttribute(lambda e: f"{e.name}-cfg-1")
    created_at = LONG_AGO
    modified_at = LONG_AGO
    first_seen_at = LONG_AGO
    described_at = LazyFunction(now)
    search_text = LazyAttribute(lambda e: e.name)

    @post_generation
    def live(self: Any, create: bool, extracted: dict[str, Any] | None, **fields: Any) -> None:
        serverless = {"memory_mb": 4096, "max_concurrency": 20}
        instances = {
            "instance_type": "ml.m5.xlarge",
            "current_instance_count": 1,
            "desired_instance_count": 1,
        }
        shape = serverless if self.kind == Kind.SERVERLESS else instances
        models.VariantStatus.objects.create(
            endpoint=self,
            name="AllTraffic",
            model_name=f"{self.name}-model",
            **{**shape, **(extracted or {}), **fields},
        )


class AlertRuleFactory(DjangoModelFactory):
    class Meta:
        model = models.AlertRule
        django_get_or_create = ("key",)

    key = LazyAttribute(lambda rule: f"rule-{rule.severity}")
    name = LazyAttribute(lambda rule: f"Rule {rule.severity}")
    severity = models.AlertRule.Severity.WARNING


class IncidentFactory(DjangoModelFactory):
    """An open incident on an endpoint of its own."""

    class Meta:
        model = models.Incident

    endpoint = SubFactory(EndpointFactory)
    severity = models.AlertRule.Severity.WARNING
    rule = SubFactory(AlertRuleFactory, severity=SelfAttribute("..severity"))
    subject = LazyAttribute(lambda incident: f"endpoint:{incident.endpoint.pk if incident.endpoint else '-'}")
    title = "Something needs you"
    summary = "What is wrong, in a sentence."
    opened_at = LazyFunction(now)
    condition_since = LazyAttribute(lambda incident: incident.opened_at - timedelta(minutes=5))
    last_true_at = LazyFunction(now)


class ChangeEventFactory(DjangoModelFactory):
    class Meta:
        model = models.ChangeEvent

    endpoint = SubFactory(EndpointFactory)
    at = LazyFunction(now)
    category = models.ChangeEvent.Category.CAPACITY
    summary = "Instances 2 → 3"


class OperationFactory(DjangoModelFactory):
    class Meta:
        model = models.Operation

    endpoint = SubFactory(EndpointFactory)
    form_token = Sequence(lambda n: f"form-{n}")
    kind = "set-max-concurrency"
    variant_name = "AllTraffic"
    requested_by = SubFactory(UserFactory)
    planned_at = LazyFunction(now)


class DailyCostFactory(DjangoModelFactory):
    """One priced line of the endpoint's first variant."""

    class Meta:
        model = models.DailyCost

    endpoint = SubFactory(EndpointFactory)
    variant = LazyAttribute(lambda cost: cost.endpoint.variants.first())
    day = LazyFunction(lambda: now().date())
    component = CostComponent.INSTANCE_TIME
    item = "ml.m5.xlarge"
    quantity = Decimal(24)
    unit = "instance-hours"
    amount = Decimal("10.00")
    confidence = Confidence.ESTIMATED
    computed_at = LazyFunction(now)
    data_until = LazyFunction(now)


def bucket(endpoint: models.Endpoint, at: datetime, *, period_s: int = 3600, **columns: float) -> None:
    """One stored bucket of the endpoint's first variant: an hour, or finer with period_s 60 or 300."""
    model = models.HourBucket if period_s == 3600 else models.FineBucket
    model.objects.create(variant=endpoint.variants.get(), at=at, period_s=period_s, **columns)
