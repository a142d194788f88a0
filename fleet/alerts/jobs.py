"""Transform jobs that failed, and jobs that run far longer than their like: conditions and words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from django.db.models import QuerySet, Window
from django.db.models.functions import RowNumber

from fleet.alerts.conditions import Measure
from fleet.alerts.context import Place
from fleet.alerts.figures import day_and_clock, lasting
from fleet.alerts.wording import Words
from fleet.models import TransformJob

Like = tuple[int, str]
"""Shard and model: jobs that can be compared."""

FAILED, LONG = "transform-failed", "transform-long"
RUNNING = ("InProgress", "Stopping")
LIKE_BEFORE = 20
"""Completed jobs of the same model in the same account and region that say what is usual, the newest ones."""
LEAST_LIKE = 3


def failed(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Jobs that AWS reports as Failed, for as long as the rule keeps them open."""
    floor = now - timedelta(hours=values["keep_h"])
    found = _watched().filter(status="Failed", ended_at__gte=floor, ended_at__lte=now)
    return [_measure(job, job.ended_at or now, now, reason=job.failure_reason) for job in found]


def long(values: Mapping[str, float], now: datetime) -> list[Measure]:
    """Running jobs past `factor` times the usual, or past `for_h` where nothing says what is usual."""
    measures = []
    # A job that AWS no longer knows is billed no more, as far as anybody can tell.
    running = list(_watched().filter(status__in=RUNNING, missing_since=None))
    likes = _usual(running) if running else {}
    for job in running:
        if job.started_at is None:
            continue
        usual = likes.get((job.shard_id, job.model_name))
        limit = timedelta(hours=values["for_h"])
        if usual is not None:
            limit = max(usual * values["factor"], timedelta(minutes=values["min_min"]))
        if now - job.started_at > limit:
            measures.append(_measure(job, job.started_at + limit, now, usual=usual, ran=now - job.started_at))
    return measures


def words(measure: Measure, place: Place) -> Words:
    """The words of an opening incident about a job; AWS's reason stays word for word."""
    values = measure.values
    facts = [
        ("Job", values["job"]),
        ("Model", values["model"] or "not reported"),
        ("Instances", values["instances"]),
        ("Account and region", f"{values['account']} · {values['region']}"),
    ]
    if "reason" in values:
        reason = values["reason"] or "AWS gave no reason"
        return Words(
            title=f"Transform job {values['job']} failed",
            cause=f"transform job {values['job']}: {reason}",
            summary=f"AWS reports the job as Failed since {day_and_clock(measure.since)}. AWS says: {reason}",
            advice="The Batch page shows the job's settings; its log is in the group /aws/sagemaker/TransformJobs.",
            facts=(*facts, ("Ended", day_and_clock(measure.since))),
        )
    usual = values["usual"]
    compared = (
        f"its like take {lasting(usual)}" if usual else "no earlier job of its model says what is usual"
    )
    return Words(
        title=f"Transform job {values['job']} runs unusually long",
        cause=f"transform job {values['job']}: on instances for {lasting(values['ran'])}, {compared}",
        summary=f"The job has been on instances for {lasting(values['ran'])}; {compared}. Its instances are billed "
        "until it ends or is stopped.",
        advice="Look whether it still writes output; StopTransformJob ends it and its cost.",
        facts=(*facts, ("Usual, median", lasting(usual) if usual else "not known")),
    )


def _watched() -> QuerySet[TransformJob]:
    return TransformJob.objects.filter(shard__enabled=True, shard__account__enabled=True).select_related(
        "shard__account"
    )


def _usual(running: Sequence[TransformJob]) -> dict[Like, timedelta]:
    """Median time on instances of each model's last completed jobs, where there are enough to tell. One query."""
    newest_first = Window(RowNumber(), partition_by=["shard", "model_name"], order_by="-created_at")
    rows = (
        TransformJob.objects.filter(
            shard__in={job.shard_id for job in running},
            model_name__in={job.model_name for job in running if job.model_name},
            status="Completed",
            started_at__isnull=False,
            ended_at__isnull=False,
        )
        .annotate(place=newest_first)
        .filter(place__lte=LIKE_BEFORE)
        .values_list("shard_id", "model_name", "started_at", "ended_at")
    )
    spans: dict[Like, list[float]] = defaultdict(list)
    for shard_id, model, started, ended in rows:
        if started is not None and ended is not None:
            spans[shard_id, model].append((ended - started).total_seconds())
    return {
        like: timedelta(seconds=median(found)) for like, found in spans.items() if len(found) >= LEAST_LIKE
    }


def _measure(job: TransformJob, since: datetime, now: datetime, **values: object) -> Measure:
    count = "?" if job.instance_count is None else job.instance_count
    return Measure.holding(
        subject=f"transform:{job.pk}",
        since=since,
        now=now,
        values={
            "job": job.name,
            "model": job.model_name,
            "instances": f"{count} × {job.instance_type}" if job.instance_type else "not reported",
            "account": job.shard.account.alias,
            "region": job.shard.region,
            **values,
        },
        shard_id=job.shard_id,
    )
