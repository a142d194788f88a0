"""The alert rules about money, with the defaults they ship with."""

from fleet.alerts.spec import Parameter, RuleSpec
from fleet.models import AlertRule

COST_RULES: tuple[RuleSpec, ...] = (
    RuleSpec(
        "budget-passed",
        "Budget used up",
        AlertRule.Severity.WARNING,
        "The period's estimated cost so far has reached a threshold of the budget",
        "Each budget, each of its thresholds, once a month or quarter",
        "Daily costs of the period; lines without a price are not in the sum, and the incident says how many",
        "Without any daily cost in the period the budget is not judged.",
        (),
    ),
    RuleSpec(
        "budget-forecast",
        "Budget forecast to be passed",
        AlertRule.Severity.WARNING,
        "The period is forecast to end at the budget's forecast threshold; resolves {margin_pct} % below it",
        "Each budget with a forecast threshold, once a month or quarter, until the threshold is spent",
        "The forecast of the period from eight weeks of daily costs, made anew each hour",
        "With fewer than 14 days of costs nothing is forecast, and the budget is not judged.",
        (Parameter("margin_pct", "Resolves this far below", 3, 0, 50, "% of the threshold"),),
    ),
    RuleSpec(
        "cost-rise",
        "Cost rose unexpectedly",
        AlertRule.Severity.WARNING,
        "A day, or the week that ends with it, costs ${least_usd} a day above the expected and {opens} times the "
        "usual scatter",
        "Each endpoint, account and the fleet, the newest complete UTC day; an endpoint that began within the week "
        "counts from nothing; an account whose endpoints' own rises explain it is not told again",
        "Eight weeks of daily costs up to a week before, which say what was to be expected",
        "A day without a cost opens and resolves nothing. Nothing with fewer than 14 days before is judged.",
        (
            Parameter("least_usd", "At least", 5, 0.01, 1_000_000, "$ a day", 0.01),
            Parameter("opens", "Times the usual scatter", 4, 2, 20, "times", 0.1),
        ),
    ),
)
