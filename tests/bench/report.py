"""What a benchmark run measured: rows with medians, spread, ratio, bar and verdict; as a table, JSON and Markdown."""

import gc
import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from stack.layout import ROOT

GUIDE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEADS = ("bench", "case", "ours", "peer", "ratio", "bar", "verdict")
MARKDOWN_HEADS = (*HEADS, "measured", "on")


@dataclass(frozen=True)
class Row:
    """One measurement: samples in `unit`, of ours and, for a ratio, of a peer measured in the same run.

    at_least bounds the ratio peer ÷ ours (or, without a peer, the value); at_most the value. gates: a miss fails the
    run; otherwise it only warns.
    """

    bench: str
    case: str
    unit: str
    ours: tuple[float, ...]
    peer_name: str = ""
    peer: tuple[float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None
    gates: bool = True
    at: str = ""

    @property
    def value(self) -> float:
        """The median of our samples."""
        return median(self.ours)

    @property
    def ratio(self) -> float | None:
        """How many times the peer's median is ours; None without a peer."""
        return median(self.peer) / self.value if self.peer else None

    @property
    def is_met(self) -> bool:
        """Whether the row keeps within its bar; a row without one always does."""
        judged = self.value if self.ratio is None else self.ratio
        return (self.at_least is None or judged >= self.at_least) and (
            self.at_most is None or self.value <= self.at_most
        )

    @property
    def verdict(self) -> str:
        if self.at_least is None and self.at_most is None:
            return "no bar"
        if self.is_met:
            return "met"
        return "MISSED" if self.gates else "missed (warns)"

    @property
    def bar(self) -> str:
        """The bar in words, "" without one."""
        lower = f"≥ {number(self.at_least)}{'×' if self.peer else ' ' + self.unit}" if self.at_least else ""
        upper = f"≤ {number(self.at_most)} {self.unit}" if self.at_most is not None else ""
        return " and ".join(part.strip() for part in (lower, upper) if part)

    def cells(self) -> tuple[str, ...]:
        """The row as HEADS names its columns."""
        peer = f"{self.peer_name} {spread(self.peer, self.unit)}" if self.peer else ""
        ratio = f"{number(self.ratio)}×" if self.ratio is not None else ""
        return (self.bench, self.case, spread(self.ours, self.unit), peer, ratio, self.bar, self.verdict)


class Table:
    """Collects the rows of a run. is_full: the long variant was asked for (`make bench FULL=1`)."""

    def __init__(self, *, is_full: bool) -> None:
        self.is_full = is_full
        self.rows: list[Row] = []

    def add(
        self,
        *,
        bench: str,
        case: str,
        unit: str,
        ours: Sequence[float],
        peer_name: str,
        peer: Sequence[float],
        at_least: float | None = None,
        gates: bool = True,
    ) -> Row:
        """A ratio: median(peer) / median(ours) has to reach at_least. Samples from interleaved rounds, in `unit`."""
        return self._keep(
            Row(bench, case, unit, tuple(ours), peer_name, tuple(peer), at_least, None, gates, _now())
        )

    def bar(
        self,
        *,
        bench: str,
        case: str,
        value: float | Sequence[float],
        unit: str,
        at_most: float | None = None,
        at_least: float | None = None,
        gates: bool | None = None,
    ) -> Row:
        """A value, or samples whose median counts, against a fixed bar.

        gates None: counts, sizes and growth gate; seconds only warn, since they are the machine's as much as ours.
        """
        samples = (float(value),) if isinstance(value, int | float) else tuple(value)
        judged = unit not in {"s", "ms"} if gates is None else gates
        return self._keep(Row(bench, case, unit, samples, "", (), at_least, at_most, judged, _now()))

    def interleaved(
        self, ours: Callable[[], object], peer: Callable[[], object], rounds: int = 5
    ) -> tuple[list[float], list[float]]:
        """Wall seconds of both, taken in turn after one unmeasured round of each."""
        ours()
        peer()
        pairs = [(seconds(ours), seconds(peer)) for _ in range(rounds)]
        return [mine for mine, _ in pairs], [theirs for _, theirs in pairs]

    def missed(self, since: int = 0) -> list[Row]:
        """Rows whose bar gates and was missed, from the row numbered `since` on."""
        return [row for row in self.rows[since:] if row.gates and not row.is_met]

    def _keep(self, row: Row) -> Row:
        self.rows.append(row)
        return row


def seconds(work: Callable[[], object]) -> float:
    """Wall seconds of one call, garbage of the work before it collected first."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def number(value: float | None) -> str:
    """Three significant digits, thousands apart: 0.0123, 4.57, 312, 12,300."""
    if value is None:
        return ""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(samples: Sequence[float], unit: str) -> str:
    """The median with its unit, and lowest to highest where there are several samples."""
    shown = f"{number(median(samples))} {unit}".strip()
    if len(samples) < 2:
        return shown
    return f"{shown} ({number(min(samples))} to {number(max(samples))}, n={len(samples)})"


def percentile(samples: Iterable[float], share: float) -> float:
    """The smallest sample that at least `share` of them do not exceed."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    return {
        "processors": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"Python {platform.python_version()}",
    }


def write_json(path: Path, rows: Sequence[Row], *, is_full: bool) -> None:
    """One file with everything measured."""
    written = {
        "variant": "full" if is_full else "quick",
        "finished_at": _now(),
        "machine": machine(),
        "rows": [
            {**asdict(row), "median": row.value, "ratio": row.ratio, "verdict": row.verdict} for row in rows
        ],
    }
    path.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> list[Row]:
    """The rows of an earlier run on this machine; none when there was none."""
    if not path.exists():
        return []
    kept = json.loads(path.read_text())
    if kept["machine"] != machine():
        return []
    names = set(Row.__dataclass_fields__)
    rows = [{name: value for name, value in row.items() if name in names} for row in kept["rows"]]
    return [Row(**{**row, "ours": tuple(row["ours"]), "peer": tuple(row["peer"])}) for row in rows]


def newest(rows: Iterable[Row]) -> list[Row]:
    """The last row of each bench and case, ordered by bench."""
    kept = {(row.bench, row.case): row for row in rows}
    return sorted(kept.values(), key=lambda row: _order(row.bench))


def text(rows: Sequence[Row], *, is_full: bool) -> str:
    """The table a terminal shows."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(HEADS))]
    shown = "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    return f"{'full' if is_full else 'quick'} variant, {_now()}, {_about()}\n\n{shown}"


def write_guide(rows: Sequence[Row], guide: Path = GUIDE, *, is_whole: bool = False) -> None:
    """Renew rows of the measured part of docs/performance.md, each with its day and machine; the others stay.

    is_whole: everything was measured, and nothing earlier stays. Raises ValueError when the part's markers are gone.
    """
    before, begin, rest = guide.read_text().partition(BEGIN)
    measured, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{guide} has lost its markers {BEGIN} and {END}")
    old = [] if is_whole else [line for line in measured.splitlines() if line.startswith("| ")][2:]
    lines = {tuple(line.split(" | ")[:2]): line for line in old}
    for row in rows:
        line = _markdown((*row.cells(), row.at[:10], _about()))
        lines[tuple(line.split(" | ")[:2])] = line
    shown = [_markdown(MARKDOWN_HEADS), _markdown(("---",) * len(MARKDOWN_HEADS))]
    shown += sorted(lines.values(), key=lambda line: _order(line.split(" | ")[0].removeprefix("| ")))
    guide.write_text(f"{before}{begin}\n\n" + "\n".join(shown) + f"\n\n{end}{after}")


def _about() -> str:
    return ", ".join(machine().values())


def _markdown(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ")


def _order(bench: str) -> tuple[str, int, str]:
    letters = bench.rstrip("0123456789")
    digits = bench[len(letters) :]
    return letters, int(digits or 0), bench


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return platform.processor() or platform.machine()
    found = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
    return found[0] if found else platform.machine()
