"""What transform jobs cost, beside the figures of the Costs page: they belong to no endpoint, so in none."""

from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from dashboards import measured, wording
from dashboards.batch.tables import FORMULA
from dashboards.costs.period import Period
from dashboards.costs.wanted import Wanted
from dashboards.scope import RANGES, PageScope
from dashboards.tiles import Explain
from dashboards.truth import Truth, of
from fleet.queries import batch
from fleet.queries.batch import Total


@dataclass(frozen=True)
class BatchLine:
    """The line under the sentence. gaps: "2 jobs unpriced, 1 job without a start", "" when nothing is missing."""

    total: Total
    window: str
    gaps: str
    is_wider: bool
    url: str
    explain: Explain

    @property
    def truth(self) -> Truth:
        return of(self.explain, has_figure=self.total.usd is not None)


def line(wanted: Wanted, scoped: PageScope) -> BatchLine | None:
    """None when no job was created, ran or ended in the window. One query."""
    window = wanted.period.window
    total = batch.total(scoped.filter, window, timezone.now())
    if not total.jobs:
        return None
    query = QueryDict(scoped.query, mutable=True)
    if wanted.period.key in RANGES:
        query["range"] = wanted.period.key
    return BatchLine(
        total=total,
        window=_when(wanted.period),
        gaps=_gaps(total),
        is_wider=not wanted.where.is_of_places or bool(wanted.where.kinds),
        url=f"{reverse('batch:page')}?{query.urlencode()}",
        explain=Explain(
            "Transform jobs belong to no endpoint, team or kind, so their cost stands beside the figures below and is "
            "in none of them. Every job that was created, ran or ended in the window counts as a whole.",
            formula=FORMULA,
            inputs=[
                ("Jobs", wording.count(total.jobs)),
                ("Unpriced", wording.count(total.unpriced)),
                ("Without start or instances", wording.count(total.unknown)),
            ],
            source="AWS Price List, usage type Tsform",
            basis="estimated",
            window=measured.window_words(window),
        ),
    )


def _when(asked: Period) -> str:
    """ "in the last 7 days", "this month", "2026-10-01 to 2026-11-21"."""
    return f"in the {asked.label}" if asked.label.startswith("last ") and asked.key in RANGES else asked.label


def _gaps(total: Total) -> str:
    parts = [
        f"{wording.plural(total.unpriced, 'job')} unpriced" if total.unpriced else "",
        f"{wording.plural(total.unknown, 'job')} without a start" if total.unknown else "",
    ]
    return ", ".join(part for part in parts if part)
