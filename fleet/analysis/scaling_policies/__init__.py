"""The scaling linter: what in the way an endpoint scales does not do what its owner expects. Pure.

Rules rest on AWS's own pages, each named by the finding; figures come from stored hours and AWS's documents.
"""

from collections.abc import Callable

from fleet.analysis.scaling_policies import rules, zero
from fleet.analysis.scaling_policies.facts import Scaled
from fleet.analysis.scaling_policies.findings import Report

RULES: tuple[Callable[[Scaled], Report], ...] = (
    zero.zero_trap,
    zero.zero_not_allowed,
    zero.paid_while_empty,
    rules.short_cooldown,
    rules.outside_bounds,
    rules.policy_conflict,
    rules.left_behind,
    rules.cannot_deregister,
    rules.warm_unused,
)


def lint(scaled: Scaled) -> Report:
    """Every finding about one capacity, and every rule that could not be judged with what it would take."""
    reports = [rule(scaled) for rule in RULES]
    return Report(
        tuple(finding for report in reports for finding in report.findings),
        tuple(missing for report in reports for missing in report.missing),
    )
