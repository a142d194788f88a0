"""Every alert rule: what it means, with the defaults it ships with.

The rows of AlertRule hold what people tuned; a key without a row stands at its defaults. Conditions live beside, in
fleet.alerts.{conditions,states}.
"""

from fleet.alerts.cost_rules import COST_RULES
from fleet.alerts.own_rules import OWN_RULES
from fleet.alerts.spec import Parameter as Parameter
from fleet.alerts.spec import RuleSpec as RuleSpec
from fleet.models import AlertRule
from fleet.types import Kind

CRITICAL = AlertRule.Severity.CRITICAL
WARNING = AlertRule.Severity.WARNING

_STAYS = (
    "No data neither opens nor resolves: an open incident stays as it is and says since when nothing came."
)
_IDLE = (
    "CloudWatch has no sample for an idle minute: a minute that was read and has none counts as not full, five "
    "minutes after its end. While metrics cannot be read nothing opens or resolves."
)
_STATE = "Judged by the newest description AWS gave; while the sync is late nothing opens or resolves."


def _clear(default: float) -> Parameter:
    return Parameter("clear_min", "Resolves when false for", default, 0, 1440, "min")


def _lasting(default: float) -> Parameter:
    return Parameter("for_min", "For at least", default, 1, 180, "min")


_QUOTA = "What endpoints hold or are about to hold, of Service Quotas' value or AWS's documented default"
_QUOTA_NO_DATA = (
    "While its limit is unknown or its region's sync late, a quota neither opens nor resolves anything."
)
_MARGIN = Parameter("margin_pct", "Resolves this far below", 5, 0, 50, "% of the limit")

_SERVERLESS = (Kind.SERVERLESS,)
_COUNTS_CALLS = (Kind.SERVERLESS, Kind.REAL_TIME, Kind.MULTI_MODEL, Kind.MULTI_CONTAINER)
_UTILISATION = "ServerlessConcurrentExecutionsUtilization, maximum per minute"

RULES: tuple[RuleSpec, ...] = (
    RuleSpec(
        "serverless-full",
        "Serverless endpoint is full",
        CRITICAL,
        "Concurrency in use is at {threshold_pct} % of max concurrency or above for {for_min} min",
        "Serverless endpoints",
        _UTILISATION,
        _IDLE,
        (
            Parameter("threshold_pct", "Concurrency in use", 100, 50, 100, "% of max"),
            _lasting(5),
            _clear(10),
        ),
        _SERVERLESS,
    ),
    RuleSpec(
        "serverless-nearly-full",
        "Serverless endpoint is nearly full",
        WARNING,
        "Concurrency in use is at {threshold_pct} % of max concurrency or above for {for_min} min",
        "Serverless endpoints",
        _UTILISATION,
        _IDLE,
        (
            Parameter("threshold_pct", "Concurrency in use", 80, 10, 100, "% of max"),
            _lasting(15),
            _clear(15),
        ),
        _SERVERLESS,
        shadowed_by="serverless-full",
    ),
    RuleSpec(
        "cold-start-share",
        "Many cold starts",
        WARNING,
        "More than {share_pct} % of calls in {for_min} min waited for a cold start, with at least {min_calls} calls",
        "Serverless endpoints",
        "ModelSetupTime, sample count (an estimate of cold starts), and Invocations",
        f"A minute with calls but without ModelSetupTime counts as no cold start. {_STAYS}",
        (
            Parameter("share_pct", "Share of calls", 5, 0.1, 100, "%", 0.1),
            Parameter("for_min", "Measured over", 60, 5, 180, "min"),
            Parameter("min_calls", "With at least", 100, 1, 1_000_000, "calls"),
            _clear(30),
        ),
        _SERVERLESS,
    ),
    RuleSpec(
        "errors-5xx",
        "Server errors",
        CRITICAL,
        "More than {share_pct} % of calls in {for_min} min answered 5xx, with at least {min_calls} calls",
        "Endpoints whose kind publishes Invocations (asynchronous ones do not)",
        "Invocation5XXErrors and Invocations, sums",
        f"A bucket with calls but without Invocation5XXErrors counts as no error. {_STAYS}",
        (
            Parameter("share_pct", "Share of calls", 1, 0.01, 100, "%", 0.01),
            Parameter("for_min", "Measured over", 15, 5, 180, "min"),
            Parameter("min_calls", "With at least", 50, 1, 1_000_000, "calls"),
            _clear(15),
        ),
        _COUNTS_CALLS,
    ),
    RuleSpec(
        "cache-thrash",
        "Model cache thrashes",
        WARNING,
        "Hit ratio below {hit_pct} % over {for_min} min with {unloads_per_hour} unloads an hour or more; ends at "
        "{clear_hit_pct} % or below {clear_unloads_per_hour} unloads an hour",
        "Multi-model endpoints",
        "ModelCacheHit, sum and sample count, and ModelUnloadingTime, sample count",
        _STAYS,
        (
            Parameter("hit_pct", "Hit ratio below", 80, 1, 100, "%"),
            Parameter("for_min", "Measured over", 30, 5, 180, "min"),
            Parameter("unloads_per_hour", "With unloads of at least", 10, 1, 100_000, "an hour"),
            Parameter("min_calls", "With at least", 50, 1, 1_000_000, "calls"),
            Parameter("clear_hit_pct", "Ends at a hit ratio of", 85, 1, 100, "%"),
            Parameter("clear_unloads_per_hour", "Or with unloads below", 5, 0, 100_000, "an hour"),
            _clear(30),
        ),
        (Kind.MULTI_MODEL,),
    ),
    RuleSpec(
        "async-zero-trap",
        "Requests wait, no instance runs",
        CRITICAL,
        "Requests have waited for {for_min} min while the endpoint has no instance",
        "Asynchronous endpoints",
        "ApproximateBacklogSize, maximum, and the instance count AWS reports",
        _STAYS,
        (_lasting(10), _clear(5)),
        (Kind.ASYNCHRONOUS,),
    ),
    RuleSpec(
        "async-oldest-age",
        "Asynchronous requests wait too long",
        WARNING,
        "The oldest request has waited longer than {age_min} min, for {for_min} min",
        "Asynchronous endpoints",
        "ApproximateAgeOfOldestRequest, maximum",
        _STAYS,
        (
            Parameter("age_min", "Oldest request waits longer than", 10, 1, 1440, "min"),
            _lasting(5),
            _clear(10),
        ),
        (Kind.ASYNCHRONOUS,),
        shadowed_by="async-zero-trap",
    ),
    RuleSpec(
        "update-not-applied",
        "Update failed or was rolled back",
        WARNING,
        "An update ended without being applied; stays open for {keep_h} h or until a later one is applied",
        "All endpoints, changed by Flotilla or by anybody else",
        "The verdict of Flotilla's operations and the failure reason AWS reports",
        _STATE,
        (Parameter("keep_h", "Stays open for", 72, 1, 720, "h"),),
    ),
    RuleSpec(
        "endpoint-failed",
        "Endpoint failed",
        CRITICAL,
        "AWS reports the status Failed or OutOfService",
        "All endpoints",
        "The endpoint's status",
        _STATE,
        (),
    ),
    RuleSpec(
        "update-rollback-failed",
        "Rollback failed",
        CRITICAL,
        "AWS reports the status UpdateRollbackFailed: the endpoint serves with old and new instances mixed",
        "All endpoints",
        "The endpoint's status",
        _STATE,
        (),
    ),
    RuleSpec(
        "creating-too-long",
        "Creation takes too long",
        WARNING,
        "The endpoint has been Creating for more than {for_min} min",
        "All endpoints",
        "The endpoint's status and since when it has it",
        _STATE,
        (Parameter("for_min", "Longer than", 60, 5, 1440, "min"),),
    ),
    RuleSpec(
        "updating-too-long",
        "Update takes too long",
        WARNING,
        "The endpoint has been Updating or RollingBack for more than {for_min} min",
        "All endpoints",
        "The endpoint's status and since when it has it",
        _STATE,
        (Parameter("for_min", "Longer than", 30, 5, 1440, "min"),),
    ),
    RuleSpec(
        "cannot-be-patched",
        "Endpoint cannot be patched",
        WARNING,
        "A config, model, image, role or artefact the endpoint is built from has been gone for {for_min} min",
        "All endpoints",
        "Whether AWS still has each of them: asked once a day, hourly once something is gone",
        "What AWS was not allowed to be asked about neither opens nor resolves.",
        (Parameter("for_min", "Gone for at least", 60, 0, 10_080, "min"),),
    ),
    RuleSpec(
        "transform-failed",
        "Transform job failed",
        WARNING,
        "AWS reports a transform job as Failed; stays open for {keep_h} h",
        "Transform jobs of each account and region that is switched on",
        "The job's status and AWS's reason",
        _STATE,
        (Parameter("keep_h", "Stays open for", 24, 1, 720, "h"),),
    ),
    RuleSpec(
        "transform-long",
        "Transform job runs long",
        WARNING,
        "A job is on instances {factor} times as long as its model's jobs usually are and {min_min} min at least, "
        "or {for_h} h where fewer than three earlier ones tell what is usual",
        "Transform jobs of each account and region that is switched on",
        "TransformStartTime, and the median of the model's last 20 completed jobs",
        _STATE,
        (
            Parameter("factor", "Times the usual", 3, 1.1, 100, "times", 0.1),
            Parameter("min_min", "And at least", 30, 1, 1440, "min"),
            Parameter("for_h", "Without a usual time", 12, 1, 720, "h"),
        ),
    ),
    *COST_RULES,
    RuleSpec(
        "quota-full",
        "Quota nearly used up",
        CRITICAL,
        "{share_pct} % of a quota or more is held; resolves {margin_pct} points below",
        "Each quota of each account and region that is switched on",
        _QUOTA,
        _QUOTA_NO_DATA,
        (Parameter("share_pct", "Share of the limit", 95, 1, 100, "%"), _MARGIN),
    ),
    RuleSpec(
        "quota-filling",
        "Quota fills up",
        WARNING,
        "{share_pct} % of a quota or more is held; resolves {margin_pct} points below",
        "Each quota of each account and region that is switched on",
        _QUOTA,
        _QUOTA_NO_DATA,
        (Parameter("share_pct", "Share of the limit", 80, 1, 100, "%"), _MARGIN),
        shadowed_by="quota-full",
    ),
    *OWN_RULES,
)

BY_KEY: dict[str, RuleSpec] = {spec.key: spec for spec in RULES}
