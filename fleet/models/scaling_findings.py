"""What the scaling linter found, and when it last looked."""

from typing import ClassVar

from django.db import models

from fleet.models.accounts import Shard
from fleet.models.endpoints import Endpoint
from fleet.models.scaling import ScalableTarget


class ScalingFinding(models.Model):
    """A rule that one scaled capacity breaks, or could not be judged by. Written by fleet.scaling_check only.

    severity UNKNOWN: `why` says what is missing. rule: fleet.analysis.scaling_policies.findings.Rule. facts: [[label,
    value]]; source: {"title", "url", "read"}; saving_usd: the most it saves in a month of 730 h, null = nothing known;
    proposal: {"label", "operation", "fields"} or null; calls: [{"service", "action", "request"}]. since: when it was
    first found. endpoint and target are null where there is none (any more).
    """

    UNKNOWN = "unknown"

    shard = models.ForeignKey(Shard, on_delete=models.CASCADE, related_name="scaling_findings")
    endpoint = models.ForeignKey(
        Endpoint, null=True, on_delete=models.CASCADE, related_name="scaling_findings"
    )
    target = models.ForeignKey(ScalableTarget, null=True, on_delete=models.CASCADE, related_name="findings")
    resource_id = models.CharField(max_length=512)
    dimension = models.CharField(max_length=96)
    rule = models.CharField(max_length=32)
    severity = models.CharField(max_length=16)
    title = models.CharField(max_length=255)
    why = models.TextField()
    facts = models.JSONField(default=list)
    source = models.JSONField(default=dict)
    saving_usd = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    proposal = models.JSONField(null=True)
    calls = models.JSONField(default=list)
    since = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["severity", "rule", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["shard", "resource_id", "dimension", "rule"], name="one_scaling_finding_per_rule"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.resource_id}"


class ScalingCheck(models.Model):
    """When the linter last looked at a shard, and up to which change event (its primary key) it knew the changes."""

    shard = models.OneToOneField(Shard, on_delete=models.CASCADE, related_name="scaling_check")
    checked_at = models.DateTimeField(null=True)
    event_id = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"scaling of {self.shard_id}"
