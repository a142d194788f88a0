"""Causes of rises that were stored after their incident was opened: its words are put right, its mails stay."""

from datetime import datetime

from fleet import cost_rises
from fleet.models import CostRise, Incident
from fleet.texts import shortened

KEY = "cost-rise"
NO_CAUSE = "no change found"
_LONGEST = 255


def tell(now: datetime) -> None:
    """Name the cause in recent incidents that say that none was found, open or not. One query where there are none.

    Their figures stay those of the opening; nobody is mailed.
    """
    told = Incident.objects.filter(
        rule__key=KEY,
        endpoint__isnull=False,
        opened_at__gt=now - cost_rises.RECENT,
        cause__endswith=f": {NO_CAUSE}",
    )
    days = {incident: cost_rises.judged_day(incident.opened_at) for incident in told}
    if not days:
        return
    rises = CostRise.objects.filter(
        endpoint__in=[incident.endpoint_id for incident in days], day__in=set(days.values())
    ).exclude(cause="")
    found = {(rise.endpoint_id, rise.day): rise for rise in rises}
    changed = []
    for incident, day in days.items():
        if rise := found.get((incident.endpoint_id or 0, day)):
            _retell(incident, rise)
            changed.append(incident)
    Incident.objects.bulk_update(changed, ["cause", "summary", "facts"])


def facts(rise: CostRise) -> tuple[tuple[str, str], ...]:
    """The first cause of a rise, and two more that were found."""
    others = [text for text, _ in rise.causes[1:3]]
    besides = (("Besides", "; ".join(others)),) if others else ()
    return (("Cause", rise.cause or NO_CAUSE), *besides)


def _retell(incident: Incident, rise: CostRise) -> None:
    incident.cause = shortened(incident.cause.removesuffix(NO_CAUSE) + rise.cause, _LONGEST)
    incident.summary = incident.summary.removesuffix(f"{NO_CAUSE}.") + f"{rise.cause}."
    kept = [list(fact) for fact in incident.facts]
    at = kept.index(["Cause", NO_CAUSE])
    incident.facts = [*kept[:at], *map(list, facts(rise)), *kept[at + 1 :]]
