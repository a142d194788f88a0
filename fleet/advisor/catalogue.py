"""All rules, in the order of docs/advisor.md. A rule that is not listed here does not run."""

from fleet.advisor.rule import Rule

ALL_RULES: tuple[Rule, ...] = ()
