"""The best level for each hour of a week, on a table of what every hour is worth at every level."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from fleet.analysis.planner.timetable import DAYS, HOURS, Window
from fleet.analysis.planner.weeks import HourTable


def best_fixed(table: HourTable, usd_per_cold: float) -> int:
    """The level that costs least all week long; the lower one where two cost the same."""
    sums = [sum(column) for column in zip(*table.objective(usd_per_cold), strict=True)]
    return table.levels[sums.index(min(sums))]


def best_hours(table: HourTable, usd_per_cold: float, floor: int) -> tuple[int, ...] | None:
    """The cheapest level for each hour, changes charged: dynamic programming over two weeks, the inner one kept.

    None where no level is at or above the floor.
    """
    usable = [index for index, level in enumerate(table.levels) if level >= floor]
    if not usable:
        return None
    objective = table.objective(usd_per_cold)
    score = [0.0] * len(usable)
    came_from: list[list[int]] = []
    for step in range(2 * HOURS):
        row = objective[step % HOURS]
        least = min(range(len(usable)), key=score.__getitem__)
        change = score[least] + table.switch_usd
        came_from.append([place if score[place] <= change else least for place in range(len(usable))])
        score = [min(score[place], change) + row[index] for place, index in enumerate(usable)]
    place = min(range(len(usable)), key=score.__getitem__)
    found = []
    for back in reversed(came_from):
        found.append(table.levels[usable[place]])
        place = back[place]
    found.reverse()
    half = HOURS // 2
    return tuple(found[HOURS : HOURS + half] + found[half:HOURS])


def best_window(table: HourTable, usd_per_cold: float, floor: int) -> Window | None:
    """The cheapest schedule of two levels: one in some hours of some days, another outside.

    None where fewer than two levels are at or above the floor.
    """
    usable = [index for index, level in enumerate(table.levels) if level >= floor]
    if len(usable) < 2:
        return None
    columns = [[row[index] for row in table.objective(usd_per_cold)] for index in usable]
    sums = [[0.0, *accumulate(column + column)] for column in columns]
    totals = [one[HOURS] for one in sums]
    best: tuple[float, Window] | None = None
    for days, start, length in _windows():
        begins = [24 * day + start for day in DAYS[days][1]]
        within = [sum(one[at + length] - one[at] for at in begins) for one in sums]
        inside = min(range(len(usable)), key=within.__getitem__)
        outside = min(range(len(usable)), key=lambda place: totals[place] - within[place])
        if inside == outside:
            continue
        score = within[inside] + totals[outside] - within[outside] + table.switch_usd * 2 * len(begins)
        if best is None or score < best[0]:
            to_hour = (start + length) % 24 or 24
            levels = (table.levels[usable[place]] for place in (inside, outside))
            best = score, Window(days, start, to_hour, *levels)
    return best[1] if best else None


def better(
    table: HourTable, usd_per_cold: float, floor: int, *, is_window: bool
) -> tuple[tuple[int, ...] | None, Window | None]:
    """The best schedule, of two levels or any; None where a fixed level is as good by the same score."""
    window = best_window(table, usd_per_cold, floor) if is_window else None
    hours = window.hours() if window else None if is_window else best_hours(table, usd_per_cold, floor)
    if hours is None or len(set(hours)) < 2:
        return None, None
    fixed = (best_fixed(table, usd_per_cold),) * HOURS
    return (
        (hours, window)
        if table.score(hours, usd_per_cold) < table.score(fixed, usd_per_cold)
        else (None, None)
    )


def _windows() -> Iterator[tuple[str, int, int]]:
    """Days, first hour and length of every window there is."""
    for days in DAYS:
        for start in range(24):
            for length in range(1, 24):
                yield days, start, length


def splits(weeks: int) -> Sequence[tuple[Sequence[int], Sequence[int]]]:
    """Weeks to fit on and weeks to judge by: odd ones against even ones and early against late, both ways.

    Two weeks give each against the other; fewer give none.
    """
    if weeks < 2:
        return []
    numbers = range(weeks)
    halves = [(tuple(numbers[::2]), tuple(numbers[1::2]))]
    early = (tuple(numbers[: weeks // 2]), tuple(numbers[weeks // 2 :]))
    if early != halves[0]:
        halves.append(early)
    return [pair for one, other in halves for pair in ((one, other), (other, one))]
