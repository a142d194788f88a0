"""Measured tables between the markers of docs/planner.md."""

from collections.abc import Iterable

from stack.layout import ROOT

GUIDE = ROOT / "docs" / "planner.md"


def write(begin: str, end: str, lines: Iterable[str]) -> None:
    """Put lines between two markers of the guide. Raises ValueError when it has lost them."""
    before, found, rest = GUIDE.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"{GUIDE} has lost its markers {begin} and {end}")
    GUIDE.write_text(f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{after}")
