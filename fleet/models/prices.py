"""Prices and daily costs."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint, VariantStatus
from fleet.types import Confidence, CostComponent

_COMPONENTS = [(c.value, c.value) for c in CostComponent]


class DatedEntry(models.Model):
    """What a person entered for some UTC days: from first_day to last_day, both included (null = until further notice).

    author is null once the person is gone; author_label stays.
    """

    first_day = models.DateField()
    last_day = models.DateField(null=True)
    reason = models.CharField(max_length=255)
    author = models.ForeignKey("fleet.User", null=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        abstract = True


class Price(models.Model):
    """One unit price in a region from first_day to last_day, UTC days, both included; null = no end on that side.

    origin manual wins over api, api over snapshot. usd is null for a price in another currency, which stands in
    `quoted` then. fetched_at: when AWS first told it, or when a person entered it; reason and author are a person's.
    """

    class Origin(models.TextChoices):
        API = "api"
        SNAPSHOT = "snapshot"
        MANUAL = "manual"

    region = models.CharField(max_length=32)
    component = models.CharField(max_length=32, choices=_COMPONENTS)
    item = models.CharField(max_length=64)
    unit = models.CharField(max_length=64)
    usd = models.DecimalField(max_digits=20, decimal_places=12, null=True)
    currency = models.CharField(max_length=3, default="USD")
    quoted = models.DecimalField(max_digits=20, decimal_places=12, null=True)
    origin = models.CharField(max_length=16, choices=Origin.choices)
    source = models.CharField(max_length=512)
    source_date = models.DateField()
    fetched_at = models.DateTimeField()
    is_assumed = models.BooleanField(default=False)
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    reason = models.CharField(max_length=255, blank=True)
    author = models.ForeignKey("fleet.User", null=True, on_delete=models.SET_NULL, related_name="+")
    author_label = models.CharField(max_length=150, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["region", "component", "item", "origin", "first_day"],
                name="one_price_per_origin_and_start",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=models.Q(usd__gte=0), name="price_not_negative"),
            models.CheckConstraint(
                condition=models.Q(currency="USD", usd__isnull=False, quoted=None)
                | (~models.Q(currency="USD") & models.Q(usd=None, quoted__gte=0)),
                name="price_in_one_currency",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day=None)
                | models.Q(first_day=None)
                | models.Q(last_day__gte=models.F("first_day")),
                name="price_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region} {self.component} {self.item}"


class PriceReading(models.Model):
    """The last good reading of AWS's price list for a region: when, which publication, and what was in it.

    products: how many AWS listed; passed_over: those that price nothing Flotilla knows, by why.
    """

    region = models.CharField(max_length=32, unique=True)
    read_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    products = models.IntegerField()
    prices = models.IntegerField()
    changed = models.IntegerField()
    passed_over = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"price list of {self.region}"


class ExchangeRate(DatedEntry):
    """What one unit of a currency is worth in USD, for prices that AWS lists in it."""

    currency = models.CharField(max_length=3)
    usd = models.DecimalField(max_digits=20, decimal_places=12)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(usd__gt=0), name="exchange_rate_positive"),
            models.CheckConstraint(
                condition=models.Q(last_day=None) | models.Q(last_day__gte=models.F("first_day")),
                name="exchange_rate_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} in USD"


class Discount(DatedEntry):
    """An agreement that lowers list prices: a percentage, or the Savings Plans rate of one instance type.

    Percentage: of one account or all (account null), of one component or all (""). Rate: usd_per_hour of `item` in
    `region` for instance-time or batch-time of one account.
    """

    name = models.CharField(max_length=100)
    account = models.ForeignKey(
        "fleet.Account", null=True, on_delete=models.CASCADE, related_name="discounts"
    )
    component = models.CharField(max_length=32, choices=_COMPONENTS, blank=True)
    percent = models.DecimalField(max_digits=6, decimal_places=3, null=True)
    region = models.CharField(max_length=32, blank=True)
    item = models.CharField(max_length=64, blank=True)
    usd_per_hour = models.DecimalField(max_digits=20, decimal_places=12, null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(percent__gt=0, percent__lte=100, usd_per_hour=None)
                | models.Q(percent=None, usd_per_hour__gte=0, account__isnull=False),
                name="discount_is_percentage_or_rate",
            ),
            models.CheckConstraint(
                condition=models.Q(last_day=None) | models.Q(last_day__gte=models.F("first_day")),
                name="discount_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PlanCommitment(DatedEntry):
    """A Savings Plans commitment that is held: USD an hour of one account, or of all (account null: shared).

    last_day is the last of its term of `years`, or earlier where it was returned. Written by fleet.plan_commitments.
    """

    class Payment(models.TextChoices):
        """AWS's own words (API DescribeSavingsPlans, botocore 1.44.5, read November 2026)."""

        ALL = "All Upfront"
        PARTIAL = "Partial Upfront"
        NONE = "No Upfront"

    name = models.CharField(max_length=100)
    account = models.ForeignKey(
        "fleet.Account", null=True, on_delete=models.CASCADE, related_name="plan_commitments"
    )
    usd_per_hour = models.DecimalField(max_digits=20, decimal_places=12)
    years = models.PositiveSmallIntegerField()
    payment = models.CharField(max_length=16, choices=Payment.choices)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(usd_per_hour__gt=0, years__in=(1, 3)), name="plan_commitment_positive"
            ),
            models.CheckConstraint(
                condition=models.Q(last_day__gte=models.F("first_day")),
                name="plan_commitment_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DailyCost(models.Model):
    """Cost of one variant, UTC day and component; amount null = unpriced or no data, never zero.

    Written by fleet.ledger from hour buckets, capacity periods and the prices of that day. quantity × usd_per_unit −
    discount = amount; usd_per_unit, the list price, is null when it varied.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="daily_costs")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="daily_costs")
    day = models.DateField()
    component = models.CharField(max_length=32, choices=_COMPONENTS)
    item = models.CharField(max_length=64)
    quantity = models.DecimalField(max_digits=24, decimal_places=9, null=True)
    unit = models.CharField(max_length=64)
    usd_per_unit = models.DecimalField(max_digits=20, decimal_places=12, null=True)
    discount = models.DecimalField(max_digits=24, decimal_places=12, default=0, db_default=0)
    discount_note = models.CharField(max_length=512, blank=True, db_default="")
    amount = models.DecimalField(max_digits=24, decimal_places=12, null=True)
    confidence = models.CharField(max_length=16, choices=[(c.value, c.value) for c in Confidence])
    price_source = models.CharField(max_length=512, blank=True)
    note = models.CharField(max_length=512, blank=True)
    computed_at = models.DateTimeField()
    data_until = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["variant", "day", "component", "item"], name="one_cost_per_component_day"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["day", "endpoint"], name="cost_by_day"),
            models.Index(fields=["endpoint", "day"], name="cost_by_endpoint"),
            models.Index(fields=["day"], name="cost_without_amount", condition=models.Q(amount=None)),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint_id} {self.day} {self.component}"


class CostLedger(models.Model):
    """What the daily costs of one shard were last computed from; fleet.ledger alone reads and writes it.

    day_signatures maps an ISO day to the digest of buckets, capacity and prices behind its lines; epoch is the digest
    of what every day depends on; history_checked_at: when days before yesterday were last compared.
    """

    shard = models.OneToOneField("fleet.Shard", on_delete=models.CASCADE, related_name="cost_ledger")
    epoch = models.CharField(max_length=64, blank=True)
    day_signatures = models.JSONField(default=dict)
    history_checked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"costs of {self.shard_id}"
