"""What is in no figure: lines without a price or without data, gathered by their reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dashboards.costs.rows import CONFIDENCE_WORDS, endpoint_url, item_words

SHOWN = 12
NO_ACCESS = "no-access"
_WHY = {**CONFIDENCE_WORDS, NO_ACCESS: "no access"}


@dataclass(frozen=True)
class Missing:
    """A part of an endpoint that is in no figure; component and item are "" when the whole of it is not."""

    endpoint_id: int
    name: str
    component: str
    item: str
    confidence: str

    @property
    def url(self) -> str:
        return endpoint_url(self.endpoint_id)


@dataclass(frozen=True)
class MissingPart:
    """One reason with the endpoints it holds for; more: how many are not named."""

    why: str
    component: str
    item: str
    shown: Sequence[Missing]
    more: int


def missing_parts(found: Iterable[Missing]) -> list[MissingPart]:
    """Reasons in the order of `found`: unpriced first."""
    groups: dict[tuple[str, str, str], list[Missing]] = {}
    for each in found:
        groups.setdefault((each.confidence, each.component, each.item), []).append(each)
    return [
        MissingPart(
            _WHY[confidence].capitalize(),
            component,
            item_words(component, item) or ("" if confidence == NO_ACCESS else "not known"),
            members[:SHOWN],
            max(0, len(members) - SHOWN),
        )
        for (confidence, component, item), members in groups.items()
    ]
