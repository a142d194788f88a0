"""Model caches of multi-model endpoints: what people entered about them and how each was last judged."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import Endpoint, VariantStatus
from fleet.models.people import User


class HostedModelCount(models.Model):
    """How many models an endpoint hosts, as a person entered it: AWS publishes no such figure.

    Written by fleet.hosted_models.
    """

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, related_name="hosted_model_count")
    count = models.PositiveIntegerField()
    set_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    set_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(count__gte=1), name="at_least_one_hosted_model")
        ]

    def __str__(self) -> str:
        return f"{self.count} models of {self.endpoint_id}"


class CacheJudgement(models.Model):
    """The newest verdict on a variant's model cache, and what would help it most. Written by fleet.cache_judging.

    verdict, standing: values of fleet.analysis.cache.Verdict and cache_forecast.fit.Standing; since: start of the
    verdict, null = before the window read. reason: why there is no forecast, in a sentence. best_way "" = nothing to
    propose; best_hit null = only its range can be told. best_change_usd: a month. gain: what the gain_ option would add
    to the hit ratio, 0 where all models fit, null where it cannot be told. forecast_at: when all but the verdict was
    found, which is renewed more seldom.
    """

    variant = models.OneToOneField(VariantStatus, on_delete=models.CASCADE, related_name="cache_judgement")
    judged_at = models.DateTimeField()
    forecast_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=16)
    since = models.DateTimeField(null=True)
    standing = models.CharField(max_length=24)
    reason = models.TextField(blank=True)
    hosted = models.PositiveIntegerField(null=True)
    best_way = models.CharField(max_length=24, blank=True)
    best_instance_type = models.CharField(max_length=64, blank=True)
    best_instance_count = models.PositiveIntegerField(null=True)
    best_endpoints = models.PositiveIntegerField(null=True)
    best_hit = models.FloatField(null=True)
    best_low = models.FloatField(null=True)
    best_high = models.FloatField(null=True)
    best_change_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    gain = models.FloatField(null=True)
    gain_low = models.FloatField(null=True)
    gain_high = models.FloatField(null=True)
    gain_instance_type = models.CharField(max_length=64, blank=True, default="", db_default="")
    gain_instance_count = models.PositiveIntegerField(null=True)
    gain_endpoints = models.PositiveIntegerField(null=True)
    gain_change_usd = models.DecimalField(max_digits=18, decimal_places=6, null=True)

    def __str__(self) -> str:
        return f"{self.variant_id} {self.verdict}"
