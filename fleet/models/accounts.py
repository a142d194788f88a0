"""AWS accounts and their shards (account × region), with the health of each sync section."""

from typing import ClassVar

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

from fleet.types import AwsScope

ROLE_ARN = RegexValidator(
    r"\Aarn:aws(-us-gov|-cn)?:iam::[0-9]{12}:role/([A-Za-z0-9+=,.@_/-]+/)?[A-Za-z0-9+=,.@_-]{1,64}\Z",
    "This is not the ARN of an IAM role.",
)


class Account(models.Model):
    """An AWS account that Flotilla reads. role_arn "" means the worker's own credentials.

    act_role_arn: the role that may change endpoints; "" means the reading role does both. identity_arn, identity_error:
    who STS says the reading role is, or why it does not work; act_identity_*: the same of the acting role, where set.
    set_up_at null: the guided set-up is not finished and nothing is read yet. permissions: the last live check
    (fleet.sync.permissions.Report as a document); found_regions: the last answer about regions
    (fleet.sync.regions.Found as a document). cloudwatch_daily_usd null: FLOTILLA_CLOUDWATCH_DAILY_USD holds.
    check_number grows whenever a check is asked for: a check under way that began at an older one writes nothing more.
    """

    class Partition(models.TextChoices):
        """AWS's separate sets of regions; the second part of every ARN."""

        AWS = "aws", "AWS"
        GOV_CLOUD = "aws-us-gov", "AWS GovCloud (US)"
        CHINA = "aws-cn", "AWS China"

    account_id = models.CharField(
        max_length=12,
        unique=True,
        validators=[RegexValidator(r"^\d{12}$", "An AWS account id has 12 digits.")],
    )
    alias = models.CharField(max_length=63, unique=True)
    partition = models.CharField(max_length=16, choices=Partition.choices, default=Partition.AWS)
    role_arn = models.CharField(max_length=255, blank=True, validators=[ROLE_ARN])
    act_role_arn = models.CharField(max_length=255, blank=True, validators=[ROLE_ARN])
    external_id = models.CharField(max_length=255, blank=True)
    enabled = models.BooleanField(default=True)
    check_number = models.PositiveBigIntegerField(default=0, db_default=0)
    identity_checked_at = models.DateTimeField(null=True, blank=True)
    identity_arn = models.CharField(max_length=255, blank=True)
    identity_error = models.TextField(blank=True)
    act_identity_arn = models.CharField(max_length=255, blank=True)
    act_identity_error = models.TextField(blank=True)
    set_up_at = models.DateTimeField(null=True, blank=True)
    permissions = models.JSONField(default=dict, blank=True)
    found_regions = models.JSONField(default=dict, blank=True)
    cloudwatch_daily_usd = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["alias"]

    def __str__(self) -> str:
        return self.alias

    @property
    def is_draft(self) -> bool:
        """Its guided set-up is not finished; nothing is read yet."""
        return self.set_up_at is None and not self.enabled

    @property
    def is_read_only(self) -> bool:
        """It is reached by a role for reading, and has none for changing."""
        return bool(self.role_arn) and not self.act_role_arn

    @property
    def cannot_change(self) -> bool:
        """It is read-only, and IAM said that its role for reading may change no endpoint."""
        return self.is_read_only and self.permissions.get("may_change") is False


class Shard(models.Model):
    """One account in one region: when each section is due, when it last succeeded, and what went wrong.

    `sections` maps a section name (inventory, components, scaling, tags, batch, quotas, configs, links, metrics, parts,
    activity, backfill) to
    {"ok_at", "tried_at", "error": {"code", "message", "action", "request_id", "since"} | null}, ISO times.
    backfill_done_until: history is whole up to there; backfill_variant: of the slice after it, variants up to this id
    are.
    `fence` grows with every lease; a run that holds an older number may not write any more. <work>_unfinished:
    runs in a row that began and never told how they ended, because their process died. backfill_due_at, parts_due_at,
    activity_due_at: before it the work is not tried; None where nothing ever was in the way.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="shards")
    region = models.CharField(max_length=32)
    fence = models.BigIntegerField(default=0)
    enabled = models.BooleanField(default=True)
    inventory_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    metrics_due_at = models.DateTimeField(null=True, blank=True, db_index=True)
    full_check_due_at = models.DateTimeField(null=True, blank=True)
    inventory_ok_at = models.DateTimeField(null=True, blank=True)
    metrics_ok_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    inventory_unfinished = models.PositiveSmallIntegerField(default=0, db_default=0)
    metrics_unfinished = models.PositiveSmallIntegerField(default=0, db_default=0)
    backfill_unfinished = models.PositiveSmallIntegerField(default=0, db_default=0)
    parts_unfinished = models.PositiveSmallIntegerField(default=0, db_default=0)
    activity_unfinished = models.PositiveSmallIntegerField(default=0, db_default=0)
    sections = models.JSONField(default=dict, blank=True)
    last_duration_ms = models.PositiveIntegerField(null=True, blank=True)
    backfill_from = models.DateTimeField(null=True, blank=True)
    backfill_until = models.DateTimeField(null=True, blank=True)
    backfill_done_until = models.DateTimeField(null=True, blank=True)
    backfill_variant = models.BigIntegerField(default=0, db_default=0)
    backfill_due_at = models.DateTimeField(null=True, blank=True)
    parts_due_at = models.DateTimeField(null=True, blank=True)
    activity_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["account__alias", "region"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "region"], name="one_shard_per_region")
        ]

    def __str__(self) -> str:
        return f"{self.account.alias}/{self.region}"

    @property
    def scope(self) -> AwsScope:
        """Where calls for this shard go."""
        return AwsScope(self.account.account_id, self.region, self.account.role_arn, self.account.external_id)

    @property
    def act_scope(self) -> AwsScope:
        """Where calls that change something go."""
        account = self.account
        return AwsScope(
            account.account_id, self.region, account.act_role_arn or account.role_arn, account.external_id
        )


class CallTally(models.Model):
    """AWS calls of one shard, action and UTC day; metrics_requested feeds the CloudWatch cost estimate."""

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="tallies")
    day = models.DateField()
    action = models.CharField(max_length=96)
    calls = models.PositiveBigIntegerField(default=0)
    throttles = models.PositiveBigIntegerField(default=0)
    errors = models.PositiveBigIntegerField(default=0)
    metrics_requested = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "day", "action"], name="one_tally_per_action_day")
        ]

    def __str__(self) -> str:
        return f"{self.shard_id} {self.day} {self.action}"


class MetricSpend(models.Model):
    """Metrics asked of CloudWatch by one shard, UTC day and reason: a VariantStatus.Cadence or of fleet.sync.budget."""

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="metric_spends")
    day = models.DateField(db_index=True)
    why = models.CharField(max_length=8)
    metrics = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["shard", "day", "why"], name="one_metric_spend_per_reason_day")
        ]

    def __str__(self) -> str:
        return f"{self.shard_id} {self.day} {self.why}"


class Quota(models.Model):
    """One service quota of a shard; value as Service Quotas reports it, or the documented default.

    subject: what it limits, in fleet.serverless_quotas' words ("serverless-concurrency", "instances:ml.m5.large");
    "" for a quota that nothing of the mirror is counted against.
    """

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="quotas")
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    subject = models.CharField(max_length=96, blank=True)
    value = models.FloatField()
    source = models.CharField(max_length=255)
    fetched_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["shard", "code"], name="one_quota_per_code")]
        indexes: ClassVar = [models.Index(fields=["shard", "subject"], name="quota_by_subject")]

    def __str__(self) -> str:
        return self.name
