"""Alert rules about Flotilla itself: its reading of AWS and its mails.

Conditions: fleet.alerts.{syncing,own_health}.
"""

from fleet.alerts.spec import Parameter, RuleSpec
from fleet.models import AlertRule

OWN_RULES: tuple[RuleSpec, ...] = (
    RuleSpec(
        "sync-stale",
        "Sync is late",
        AlertRule.Severity.CRITICAL,
        "Inventory or metrics have not been read for more than {intervals} intervals, nor within the age at which "
        "pages call data late",
        "Each account and region that is switched on",
        "The time of the last good read",
        "This rule is about absence: no good read opens it, the next good read resolves it. Time in which Flotilla "
        "itself did not run does not count.",
        (Parameter("intervals", "Later than", 3, 2, 1000, "intervals"),),
    ),
    RuleSpec(
        "sync-section-failing",
        "AWS refuses a part of the sync",
        AlertRule.Severity.WARNING,
        "A section of the sync has failed for more than {for_min} min",
        "Each account and region that is switched on; a missing permission once per account",
        "The error AWS gave when the section was last read",
        "A section that was never tried is not judged.",
        (Parameter("for_min", "Longer than", 5, 0, 1440, "min"),),
        shadowed_by="sync-stale",
    ),
    RuleSpec(
        "metrics-throttled",
        "CloudWatch throttles",
        AlertRule.Severity.WARNING,
        "CloudWatch refused {share_pct} % or more of a UTC day's requests as too many, and {min_throttles} or more",
        "Each account and region that is switched on",
        "The tally of calls per day: requests of GetMetricData and those that were throttled, retries included",
        "A day without requests is not judged. What was throttled stays counted until the day ends at midnight UTC.",
        (
            Parameter("share_pct", "Share of requests", 10, 0.1, 100, "%", 0.1),
            Parameter("min_throttles", "And at least", 50, 1, 1_000_000, "requests"),
        ),
    ),
    RuleSpec(
        "mail-queue-stuck",
        "Mails wait",
        AlertRule.Severity.CRITICAL,
        "The oldest mail that is to go out has waited for {for_min} min",
        "The whole installation",
        "Mails that are neither sent nor given up",
        "Without a waiting mail nothing is judged. Mails about this wait like all others: the page shows it at once.",
        (Parameter("for_min", "Waits for at least", 30, 5, 1440, "min"),),
    ),
)
