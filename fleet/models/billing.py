"""What AWS billed, as Cost Explorer tells it, and how reading it went."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Account


class BillReading(models.Model):
    """Whether Cost Explorer is read for one account, and how the last reading went; off unless somebody says so.

    read_from, read_until: the UTC days [from, until) that were read. error: {"code", "message", "action",
    "request_id", "since"} of the last reading, null when it succeeded. due_at null: as soon as it is switched on.
    tag_key: the cost allocation tag by which the bill is read as well, "" for none; tag_from, tag_until and tag_error
    are of that reading what the others are of the bill's; plan_from, plan_until and plan_error of Savings Plans.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="bill_reading")
    enabled = models.BooleanField(default=False)
    due_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(null=True, blank=True)
    ok_at = models.DateTimeField(null=True, blank=True)
    read_from = models.DateField(null=True, blank=True)
    read_until = models.DateField(null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    tag_key = models.CharField(max_length=128, blank=True, default="")
    tag_from = models.DateField(null=True, blank=True)
    tag_until = models.DateField(null=True, blank=True)
    tag_error = models.JSONField(null=True, blank=True)
    plan_from = models.DateField(null=True, blank=True)
    plan_until = models.DateField(null=True, blank=True)
    plan_error = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"bills of {self.account_id}"


class BilledCost(models.Model):
    """What one account was billed for one UTC day, region, kind of record and usage type of SageMaker; unblended.

    record_type in Cost Explorer's words ("Usage", "Credit", …); usage_type "" where the record is no usage. currency
    is AWS's. is_estimated: AWS may still change it. Written by fleet.sync.billing.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="billed_costs")
    day = models.DateField()
    region = models.CharField(max_length=32)
    record_type = models.CharField(max_length=64)
    usage_type = models.CharField(max_length=128, blank=True)
    amount = models.DecimalField(max_digits=24, decimal_places=10)
    currency = models.CharField(max_length=8)
    quantity = models.DecimalField(max_digits=24, decimal_places=10)
    unit = models.CharField(max_length=64, blank=True)
    is_estimated = models.BooleanField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "day", "region", "record_type", "usage_type"],
                name="one_bill_per_usage_day",
            )
        ]
        indexes: ClassVar = [models.Index(fields=["day", "account"], name="billed_by_day")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.usage_type or self.record_type}"


class BilledTag(models.Model):
    """What one account was billed for one UTC day, value of its BillReading.tag_key and usage type; usage only.

    tag_value "": what carries no such tag, or did not when it was used. currency is AWS's. is_estimated: AWS may still
    change it. Written by fleet.sync.billing; rows of another key are removed when the key changes.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="billed_tags")
    day = models.DateField()
    tag_value = models.CharField(max_length=256, blank=True)
    usage_type = models.CharField(max_length=128)
    amount = models.DecimalField(max_digits=24, decimal_places=10)
    currency = models.CharField(max_length=8)
    is_estimated = models.BooleanField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["account", "day", "tag_value", "usage_type"], name="one_bill_per_tag_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day} {self.tag_value} {self.usage_type}"


class PlanDay(models.Model):
    """What AWS says of one account's Savings Plans on one UTC day, USD; null where it told nothing of that day.

    committed, used, saved: of all plans of the account. spend: use of SageMaker that a plan could cover, at on-demand
    prices; covered: of it by plans. Written by fleet.sync.plan_use.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="plan_days")
    day = models.DateField()
    committed = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    used = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    saved = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    covered = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    spend = models.DecimalField(max_digits=24, decimal_places=10, null=True)
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "day"], name="one_word_on_plans_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"
