"""Sets of endpoints that could share one multi-model endpoint, in words."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards import wording
from dashboards.advisor import words
from dashboards.advisor.forms import DismissForm
from dashboards.tiles import Explain
from fleet.models import ConsolidationSet, Endpoint

NAMED = 8
"""As many members are named at once; the others are counted."""


@dataclass(frozen=True)
class Shown:
    """One set as its page draws it."""

    row: ConsolidationSet
    members: list[Endpoint]
    more: int
    saving: str
    """As words.set_saving has it."""
    hits: str
    explain: Explain
    dismissing: DismissForm
    is_refused: bool


def prefix(pk: int) -> str:
    """What the names of a set's form begin with: a page has many."""
    return f"set-{pk}"


def shown(
    row: ConsolidationSet, endpoints: Mapping[int, Endpoint], refused: tuple[int, DismissForm] | None = None
) -> Shown:
    """endpoints: of the page's sets by id. refused: a set's primary key and its form, which says what was wrong."""
    is_refused = refused is not None and refused[0] == row.pk
    members = [endpoints[pk] for pk in row.members if pk in endpoints]
    hits = "every model stays loaded" if row.fits_all else (
        f"{wording.percent(row.hit_ratio)} of calls find their model loaded "
        f"({wording.percent(row.hit_low)} to {wording.percent(row.hit_high)})"
    )  # fmt: skip
    return Shown(
        row,
        members[:NAMED],
        len(row.members) - len(members[:NAMED]),
        words.set_saving(row.saving_low, row.saving_high),
        hits,
        Explain(
            "What the members cost a month today, less one multi-model endpoint that holds all of their models. The "
            "lower saving is with the next dearer host, in case the models take more memory than is seen today.",
            formula=f"{wording.usd(row.before)} − {wording.usd(row.after)}",
            inputs=[(f"Assumption {n}", text) for n, text in enumerate(row.assumptions, 1)],
            source="docs/advisor.md", basis="estimated", as_of=row.last_seen_at, window="14 days of whole hours",
            call="read from stored figures",
        ),
        refused[1] if refused and is_refused else DismissForm(prefix=prefix(row.pk)),
        is_refused,
    )  # fmt: skip
