"""The savings ledger in words: each change beside what it promised, and how each rule kept its word."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashboards import wording
from dashboards.advisor import words
from dashboards.tiles import Explain, Tile
from fleet.models import Saving, SavingLook
from fleet.queries import advice_ledger
from fleet.queries.advice_ledger import LEAST_JUDGED, Accuracy

HOW = Explain(
    "What the days before would have gone on costing, less what the days after did cost. What is paid by call is taken "
    "times the calls after ÷ before; what is paid by the hour is taken to have stayed.",
    formula="(capacity before + use before × calls after ÷ calls before) − cost after, a month of 730 h",
    source="docs/costs.md#savings-realised", basis="estimated", window="7 and 30 whole UTC days before and after",
    call="read from stored daily costs",
)  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What one look found. usd None: why says what is missing; is_short: less than was sure."""

    usd: Decimal | None
    why: str
    is_short: bool
    title: str


@dataclass(frozen=True)
class Row:
    """One change. seven, thirty None: those days are not over yet."""

    saving: Saving
    rule: str
    expected: str
    seven: Came | None
    thirty: Came | None


def context(found: Sequence[Saving]) -> dict[str, Any]:
    """Tiles and rules over all changes of the scope."""
    accuracies = advice_ledger.accuracies(found)
    judged, kept = sum(each.judged for each in accuracies), sum(each.kept for each in accuracies)
    promised = sum((each.promised for each in accuracies), Decimal(0))
    saved = sum((each.saved for each in accuracies), Decimal(0))
    return {
        "rules": [(words.rule_label(each.rule), each, _verdict(each)) for each in accuracies],
        "judged": judged,
        "promised": words.promise(promised),
        "saved": saved,
        "how": HOW,
        "least_judged": LEAST_JUDGED,
        "tiles": [
            Tile("Carried out", wording.count(len(found)), note=f"{judged} old enough to judge", explain=HOW),
            Tile("Promised for sure", words.saving_range(promised, promised) if judged else None,
                 unit="a month" if judged else "", reason="No change is seven days old yet", explain=HOW),
            Tile("Saved", wording.usd(saved) if judged else None, unit="a month" if judged else "",
                 note=wording.percent(saved / promised) + " of what was promised" if promised > 0 else "",
                 tone=("ok" if saved >= promised else "attention") if judged else "",
                 reason="No change is seven days old yet", explain=HOW),
            Tile("Kept their word", f"{kept}" if judged else None, unit=f"of {judged}" if judged else "",
                 reason="No change is seven days old yet", explain=HOW),
        ],
    }  # fmt: skip


def row(saving: Saving) -> Row:
    """One change beside what it promised; needs its looks prefetched."""
    looks = {look.days: look for look in saving.looks.all()}
    return Row(
        saving,
        words.rule_label(saving.rule),
        words.saving_range(saving.expected_low, saving.expected_high),
        _came(saving, looks.get(7)),
        _came(saving, looks.get(30)),
    )


def _came(saving: Saving, look: SavingLook | None) -> Came | None:
    if look is None:
        return None
    usd = advice_ledger.saved(look)
    title = f"{wording.usd(look.without)} without the change, {wording.usd(look.after)} with it"
    if look.times is not None:
        title += f", calls × {wording.amount(look.times)}"
    is_short = usd is not None and saving.expected_low is not None and usd < saving.expected_low
    return Came(usd, look.why_unknown or "not known", is_short, title)


def _verdict(found: Accuracy) -> str:
    if found.judged < LEAST_JUDGED:
        return "too few to judge"
    return "ranks last until it does better" if found.is_unreliable else "keeps its word"
