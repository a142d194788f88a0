"""How sure the planner is, and what its figures rest on: in words, with ranges."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import wording
from dashboards.planner import minutes
from dashboards.tiles import Explain
from dashboards.truth import METRICS_CALL
from fleet.analysis.planner.interval import Standing
from fleet.analysis.planner.options import OptionKind
from fleet.analysis.planner.standing import MEASURED
from fleet.models import MinuteFetch, PlannedForecast
from fleet.planning.plans import Plan

METHOD = (
    "The calls of the window are placed by what its one-minute buckets tell (calls, peak concurrency, set-ups, "
    "latency) and replayed at every level. The range holds the truth in about four of five cases of a simulated pool; "
    "nothing was measured on AWS."
)
SOURCE = (
    "CloudWatch Invocations (Sum), ServerlessConcurrentExecutionsUtilization (Maximum), ModelSetupTime (SampleCount, "
    "Average), ModelLatency, OverheadLatency"
)
_ASSUMED = (
    "A container takes one call at a time, and provisioned ones are used first: inferred, AWS does not say so.",
    "A ModelSetupTime sample is taken for a cold start: AWS nowhere says that it is emitted on cold starts only.",
    "The forecast is of the past window at another level. It forecasts no growth.",
)


@dataclass(frozen=True)
class Confidence:
    """The worst word of any level but those that were live, its reasons, what the reader must know, and the basis.

    unlike: the reason that leaves least to rely on, "" where the replays have what was measured.
    """

    word: str
    reasons: Sequence[str]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    unlike: str = ""
    assumed: Sequence[str] = _ASSUMED

    @property
    def is_weak(self) -> bool:
        return self.word == Standing.WEAK


def told(held: Plan, row: PlannedForecast, fetch: MinuteFetch | None) -> Confidence:
    """What may be said of all levels together."""
    guessed = [
        one
        for one in held.options
        if one.standing is not Standing.MEASURED and one.kind is not OptionKind.TRACKING
    ]
    weak = [one for one in guessed if one.standing is Standing.WEAK]
    reasons = dict.fromkeys(reason for one in weak for reason in one.reasons if reason != MEASURED)
    return Confidence(
        word=Standing.WEAK if weak else Standing.GOOD if guessed else Standing.MEASURED,
        reasons=list(reasons),
        notes=held.notes,
        unlike=held.unlike.words() if held.unlike is not None else "",
        facts=[*_facts(held, row), *([("Fetched for it", minutes.fact(fetch))] if fetch is not None else [])],
    )


def explain(held: Plan, row: PlannedForecast) -> Explain:
    """Where every figure of the page comes from."""
    return Explain(
        METHOD,
        formula="month = window × 730 h ÷ hours of the window",
        inputs=[("Calls", f"{held.calls:,}"), ("Seed", str(held.seed)), ("Buckets", _buckets(held))],
        source=SOURCE,
        basis="estimated",
        as_of=row.window_end,
        window=_window(row),
        call=METRICS_CALL,
    )


def _facts(held: Plan, row: PlannedForecast) -> list[tuple[str, str]]:
    low, high = (round(seconds / 60) for seconds in (held.timeout_s.low, held.timeout_s.high))
    kept = f"about {held.timeout_s.likely / 60:.0f} min ({low} – {high}), estimated"
    if not held.is_timeout_known:
        kept = f"not told by these rows; {low} – {high} min are taken"
    setup = "not reported" if held.setup_s is None else wording.millis(held.setup_s * 1000)
    return [
        ("Window", _window(row)),
        ("Figures", _buckets(held)),
        ("Calls", wording.count(held.calls)),
        ("Most at once", f"{held.peak} of {held.live.max_concurrency}"),
        ("Set-up, typical", setup),
        ("An idle container is kept", kept),
    ]


def _buckets(held: Plan) -> str:
    return "5 minutes and longer: coarse" if held.is_coarse else "1 minute"


def _window(row: PlannedForecast) -> str:
    if row.window_start is None or row.window_end is None:
        return wording.UNKNOWN
    start, end = (f"{at.day} {at:%b %H:%M}" for at in (row.window_start, row.window_end))
    return f"{start} – {end} UTC"
