"""An endpoint's answers as the questions about a new workload take them: start from what runs, then change one."""

from fleet.advisor.evidence import Evidence
from fleet.advisor.flow import answers_from
from fleet.analysis.traffic_shape import Pattern

_WORDS = {True: "yes", False: "no"}


def query(evidence: Evidence) -> list[tuple[str, str]]:
    """Names and values of the form's fields that the endpoint answers; what is not known is left out."""
    answers = answers_from(evidence)
    flags = ("is_offline", "is_queueable", "tolerates_cold", "is_chain", "are_alike")
    found = [(name, _WORDS.get(getattr(answers, name), "")) for name in flags]
    found += [
        (name, "" if (value := getattr(answers, name)) in (None, Pattern.DEAD) else str(value))
        for name in ("latency", "payload", "pattern", "models")
    ]
    found += [("excluded", feature) for feature in answers.excluded or ()]
    return [(name, value) for name, value in [*found, *_amounts(evidence)] if value]


def _amounts(e: Evidence) -> list[tuple[str, str]]:
    """What prices rest on, of a month of 730 h at the traffic of the window."""
    hours, calls, busy_s = e.shape.known_hours if e.shape else 0, e.calls.count, e.calls.busy_s
    memory_mb = None
    if e.main is not None and e.use.memory_max is not None:
        whole = e.main.memory_mb or (e.main.machine.memory_mb if e.main.machine else None)
        memory_mb = None if whole is None else whole * e.use.memory_max / 100
    found = [("host_region", e.region)]
    if calls and hours:
        found.append(("calls", f"{calls / hours * 730:.0f}"))
    if calls and busy_s:
        found.append(("seconds", f"{max(0.001, busy_s / calls):.3f}"))
    if memory_mb:
        found.append(("memory_gb", f"{max(0.1, memory_mb / 1024):.2f}"))
    if e.calls.busy_hours:
        found.append(("busy_percent", f"{max(0.6, e.calls.busy_hours * 100):.1f}"))
    return found
