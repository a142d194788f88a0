"""Forecasts of the cold-start planner, and how they turned out. Written by fleet.planning only."""

from typing import ClassVar

from django.db import models

from fleet.models.endpoints import VariantStatus
from fleet.models.operations import Operation


class PlannedForecast(models.Model):
    """The planner's newest answer about one variant; it is asked for by a page and worked out by a task.

    asked_at: when somebody last wanted one that was not there; claimed_until: a worker is at it until then at most;
    answered_at: when a worker last ended, with a forecast (computed_at), with `missing`, [[what, what it takes]] where
    none can be stood behind, or with a failure. digest: of everything the forecast rests on. document: what
    fleet.planning.documents reads. step_*: the cheapest way to clearly fewer cold starts, null where there is none:
    its level (null for a schedule), USD a month more than today, cold starts a month fewer.
    """

    variant = models.OneToOneField(VariantStatus, on_delete=models.CASCADE, related_name="planned_forecast")
    asked_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    computed_at = models.DateTimeField(null=True)
    window_start = models.DateTimeField(null=True)
    window_end = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True)
    document = models.JSONField(default=dict)
    step_level = models.PositiveSmallIntegerField(null=True)
    step_usd = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    step_avoided = models.FloatField(null=True)
    missing = models.JSONField(default=list)
    failure = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"forecast of {self.variant_id}"

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody asked and no worker has answered since."""
        return self.answered_at is None or self.asked_at > self.answered_at


class MinuteFetch(models.Model):
    """One-minute metrics from before a variant was first read, fetched once when its planner is opened.

    Asked for by fleet.planning, carried out by fleet.sync: [wanted_from, wanted_until) is what was missing, newest part
    first; from done_from on it is stored. metrics: asked of CloudWatch for it so far, what it bills by. claimed_until:
    a worker is at it until then at most. ended_at: when the last attempt ended, complete or not; stop, failure: what
    kept it from the rest.
    """

    class Stop(models.TextChoices):
        """What ended an attempt before it was complete."""

        BUDGET = "budget", "the account's CloudWatch budget of the day"
        ERROR = "error", "AWS, or too little time"

    variant = models.OneToOneField(VariantStatus, on_delete=models.CASCADE, related_name="minute_fetch")
    asked_at = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    wanted_from = models.DateTimeField()
    wanted_until = models.DateTimeField()
    done_from = models.DateTimeField()
    metrics = models.PositiveIntegerField(default=0)
    stop = models.CharField(max_length=8, choices=Stop.choices, blank=True)
    failure = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"minutes of {self.variant_id}"

    @property
    def is_complete(self) -> bool:
        """Whether all that could be had is stored."""
        return self.done_from <= self.wanted_from

    @property
    def is_waited_for(self) -> bool:
        """Whether somebody asked and no attempt has ended since."""
        return not self.is_complete and (self.ended_at is None or self.asked_at > self.ended_at)


class Prediction(models.Model):
    """What the planner said of the capacity that an operation was planned to bring; it never changes.

    option: in words; level_low, level_high: what it holds. calls, cold, cold_low, cold_high, usd: of a month of 730
    hours; usd null = a price was missing. window_*: the traffic it rests on. next_days: days after the change at which
    it is compared next, null = no more.
    """

    operation = models.OneToOneField(Operation, on_delete=models.CASCADE, related_name="prediction")
    variant = models.ForeignKey(VariantStatus, on_delete=models.CASCADE, related_name="predictions")
    made_at = models.DateTimeField()
    option = models.CharField(max_length=255)
    level_low = models.PositiveSmallIntegerField()
    level_high = models.PositiveSmallIntegerField()
    standing = models.CharField(max_length=16)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    calls = models.FloatField()
    cold = models.FloatField()
    cold_low = models.FloatField()
    cold_high = models.FloatField()
    usd = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    next_days = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]
        indexes: ClassVar = [
            models.Index(
                fields=["next_days"],
                name="prediction_to_compare",
                condition=models.Q(next_days__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.option} of {self.operation_id}"


class PredictionCheck(models.Model):
    """A prediction held against what happened over [start, end), some days after the change.

    outcome: of fleet.analysis.planner.checks. expected, low, high, expected_calls: the forecast of that time; seen:
    cold starts, null = not reported. sentence: the result in words.
    """

    prediction = models.ForeignKey(Prediction, on_delete=models.CASCADE, related_name="checks")
    days = models.PositiveSmallIntegerField()
    start = models.DateTimeField()
    end = models.DateTimeField()
    checked_at = models.DateTimeField()
    outcome = models.CharField(max_length=16)
    expected = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    expected_calls = models.FloatField()
    seen = models.FloatField(null=True)
    calls = models.FloatField()
    sentence = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["days"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["prediction", "days"], name="one_check_per_prediction_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.prediction_id} after {self.days} days"
