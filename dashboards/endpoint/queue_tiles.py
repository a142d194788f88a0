"""Tiles of an asynchronous endpoint's queue: what waits, since when, what failed, and when the queue will be empty."""

from collections.abc import Callable
from datetime import timedelta

from dashboards import measured, wording
from dashboards.endpoint.tiles import Builder
from dashboards.tiles import Tile
from fleet.queries import usage
from fleet.queries.endpoint import Activity, Head

RATE_OVER = timedelta(hours=1)
"""Whole buckets this far back from the newest one tell how fast the queue is worked off."""


def newest(label: str, column: str, metric: str, unit: str, text: str) -> Builder:
    """A tile of the newest reported value of a queue figure, with the window's peak beside it."""

    def build(head: Head, activity: Activity) -> Tile:
        now, worst = usage.last(activity.rows, column), usage.peak(activity.rows, column)
        words: Callable[[float], str] = wording.span if unit == "s" else wording.count
        return Tile(
            label,
            None if now is None else words(now.value),
            unit="" if unit == "s" else unit,
            note=f"highest {words(worst.value)}, {worst.at:%a %H:%M}" if worst else "",
            reason="Not reported in this window",
            explain=measured.explain(
                text, activity.window, formula=f"newest Maximum({metric})",
                inputs=[("Reported for", f"{now.at:%a %H:%M} UTC")] if now else [],
                source=f"CloudWatch {metric} (Maximum), per endpoint", as_of=head.data_until,
            ),
        )  # fmt: skip

    return build


backlog = newest(
    "Waiting now", "backlog_max", "ApproximateBacklogSize", "requests",
    "Requests in the queue, those in process included; AWS calls the figure approximate.",
)  # fmt: skip
oldest = newest(
    "Oldest waits", "oldest_age_s_max", "ApproximateAgeOfOldestRequest", "s",
    "Age of the oldest request in the queue; AWS calls the figure approximate.",
)  # fmt: skip


def failures(head: Head, activity: Activity) -> Tile:
    """Asynchronous requests that failed or expired."""
    failed, expired = activity.total("invocation_failures"), activity.total("expired")
    return Tile(
        "Failed",
        None if failed is None and not activity.calls else wording.count(failed or 0),
        note=f"{wording.count(expired or 0)} expired in the queue" if activity.calls or expired else "",
        tone="failed" if failed or expired else "",
        reason="Nothing was processed",
        explain=measured.explain(
            "Requests whose processing failed; expired ones were never processed.", activity.window,
            formula="Σ Sum(InvocationFailures)", source="CloudWatch InvocationFailures, ExpiredRequests (Sum)",
            as_of=head.data_until,
        ),
    )  # fmt: skip


def drain(head: Head, activity: Activity) -> Tile:
    """When the queue will be empty if requests go on being answered as in the last hour and none is added."""
    now = usage.last(activity.rows, "backlog_max")
    recent = [row for row in activity.rows if now is not None and row.until > now.at - RATE_OVER]
    processed = usage.total(recent, "processed")
    seconds = sum(row.period_s for row in recent) or 3600
    number, note, reason = _drain_words(head, now.value if now else None, processed, seconds)
    return Tile(
        "Empty in",
        number,
        note=note,
        reason=reason,
        explain=measured.explain(
            "How long the queue lasts at the pace of the last hour if nothing is added to it.",
            activity.window, formula="waiting ÷ processed per second",
            inputs=[("Waiting", wording.count(now.value if now else None)), ("Processed", wording.count(processed))],
            source="CloudWatch ApproximateBacklogSize (Maximum), InvocationsProcessed (Sum)", basis="estimated",
            as_of=head.data_until,
        ),
    )  # fmt: skip


def _drain_words(
    head: Head, waiting: float | None, processed: float | None, seconds: float
) -> tuple[str | None, str, str]:
    """Number, note and reason: a queue that nobody works off has no end, which is not the same as not known."""
    if waiting is None:
        return None, "", "No backlog was reported in this window"
    if waiting == 0:
        return "0 s", "the queue is empty", ""
    if head.main is not None and head.main.current_instance_count == 0:
        return None, "no instance runs: it does not empty by itself", "No instance runs"
    if not processed:
        return None, "nothing was processed in the last hour", "Nothing was processed in the last hour"
    return wording.span(waiting / (processed / seconds)), f"{wording.count(waiting)} waiting", ""
