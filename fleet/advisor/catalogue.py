"""All rules, in the order of docs/advisor.md. A rule that is not listed here does not run."""

from fleet.advisor import (
    care,
    hosting,
    memory,
    models,
    queues,
    quotas,
    scaling,
    sharing,
    size,
    waiting,
    warmth,
    waste,
)
from fleet.advisor.rule import Rule

ALL_RULES: tuple[Rule, ...] = (
    *hosting.RULES,
    *waiting.RULES,
    *sharing.RULES,
    *memory.RULES,
    *size.RULES,
    *warmth.RULES,
    *scaling.RULES,
    *queues.RULES,
    *models.RULES,
    *quotas.RULES,
    *waste.RULES,
    *care.RULES,
)
