"""What the advisor says of endpoints, what people made of it, and what it saved. Written by fleet.advice only."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import Endpoint
from fleet.models.operations import Operation
from fleet.models.people import User


class AdvisorRun(models.Model):
    """The one row that says when the advisor looks at the fleet, and how its last look went.

    due_at: not before; asked_at: when somebody last asked for a look. begun_at without a later ended_at: one is under
    way, or its worker died. failed: endpoints that a rule could not be run on.
    """

    due_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    endpoints = models.PositiveIntegerField(default=0)
    advice = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return "the advisor's looks"


class Advice(models.Model):
    """One advice on one endpoint, by rule, as it was last true; gone_at: since when the rule says it no more.

    severity, effort, risk: the values of fleet.advisor.advice, 0 first. Savings: USD a month of 730 h, null = none
    claimed. evidence: [[label, value, source]]; missing: [[what, what it takes]]; runbook: steps; alternatives:
    [{"rule", "title", "low", "high", "why"}]. operation_kind "" = there is no form for it. to: what it moves to.
    version: of the rule. first_seen_at: when it came up, or came back. A dismissal holds until dismissed_until (null =
    no end) and for the version of the rule it was made for.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ASSIGNED = "assigned"
        DISMISSED = "dismissed"
        DONE = "done"

    WAITING: ClassVar = (State.OPEN, State.ASSIGNED)

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="advice")
    rule = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField()
    decision = models.CharField(max_length=16)
    severity = models.PositiveSmallIntegerField()
    effort = models.PositiveSmallIntegerField()
    risk = models.PositiveSmallIntegerField()
    title = models.TextField()
    why = models.TextField()
    evidence = models.JSONField(default=list)
    undo = models.TextField(blank=True)
    is_irreversible = models.BooleanField(default=False)
    saving_low = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    saving_high = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    operation_kind = models.CharField(max_length=48, blank=True)
    operation_fields = models.JSONField(default=dict)
    runbook = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    alternatives = models.JSONField(default=list)
    to = models.CharField(max_length=128, blank=True)
    source = models.TextField(blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN, db_default=State.OPEN)
    assigned_to = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="advice")
    assigned_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_until = models.DateField(null=True, blank=True)
    dismissed_reason = models.TextField(blank=True, db_default="")
    dismissed_version = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["severity", "-saving_low", "id"]
        verbose_name_plural = "advice"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "rule"], name="one_advice_per_endpoint_rule")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state", "-saving_low"], name="advice_by_saving", condition=models.Q(gone_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.title


class KeptEvidence(models.Model):
    """What was known of an endpoint at the last look, as text of fleet.queries.advice_evidence.kept."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="kept_evidence")
    looked_at = models.DateTimeField()
    document = models.TextField()

    def __str__(self) -> str:
        return f"evidence of {self.endpoint_id}"


class Saving(models.Model):
    """A change that carried out an advice, and what the advice had promised, USD a month of 730 h. The ledger's row.

    advice null: it was removed since. expected_*: null where the advice claimed no saving.
    """

    operation = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="saving")
    advice = models.ForeignKey(Advice, null=True, on_delete=models.SET_NULL, related_name="savings")
    rule = models.CharField(max_length=64)
    version = models.PositiveSmallIntegerField()
    title = models.TextField()
    expected_low = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    expected_high = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    done_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-done_at", "-id"]

    def __str__(self) -> str:
        return f"{self.rule} by {self.operation_id}"


class SavingLook(models.Model):
    """What a change really saved, from `days` whole UTC days before and after its day, USD a month of 730 h.

    without: what it would have cost at the traffic that came after; times: that traffic ÷ the one before. Null: not
    known, why_unknown says what is missing.
    """

    saving = models.ForeignKey(Saving, on_delete=models.CASCADE, related_name="looks")
    days = models.PositiveSmallIntegerField()
    looked_at = models.DateTimeField()
    before = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    without = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    after = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    times = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    why_unknown = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["days"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["saving", "days"], name="one_look_per_saving_days")
        ]

    def __str__(self) -> str:
        return f"{self.saving_id} after {self.days} days"


class ConsolidationSet(models.Model):
    """Endpoints of one account and region that could share one multi-model endpoint. key: stable over looks.

    USD a month of 730 h; hit_*: forecast part of calls that find their model loaded. gone_at: since when it is no more.
    dismissed_at null: it is open. A dismissal holds until dismissed_until (null = no end), or until a member is new.
    """

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="consolidation_sets")
    key = models.CharField(max_length=64, unique=True)
    members = ArrayField(models.BigIntegerField())
    image = models.CharField(max_length=512)
    instance_type = models.CharField(max_length=64)
    instance_count = models.PositiveIntegerField()
    before = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    after = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    saving_low = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    saving_high = models.DecimalField(max_digits=20, decimal_places=9, null=True)
    hit_ratio = models.FloatField()
    hit_low = models.FloatField()
    hit_high = models.FloatField()
    loads_per_hour = models.FloatField()
    fits_all = models.BooleanField()
    assumptions = models.JSONField(default=list)
    checks = models.JSONField(default=list)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_until = models.DateField(null=True, blank=True)
    dismissed_reason = models.TextField(blank=True, db_default="")

    class Meta:
        ordering: ClassVar = ["-saving_low", "id"]

    def __str__(self) -> str:
        return f"{len(self.members)} endpoints on {self.instance_type}"
