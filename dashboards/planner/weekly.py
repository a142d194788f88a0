"""Weekly schedules on the planner's page: the levels by hour of week, what they gain, and where they are applied."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from dashboards import wording
from dashboards.cold_starts.tables import WEEKDAYS
from dashboards.planner import words
from fleet.planning.plans import Plan, Schedule
from fleet.types import ServerlessCapacity


@dataclass(frozen=True)
class Weekly:
    """One schedule. grid: rows of components/hour_grid.html; steps: its scheduled actions in words.

    form_url: the form that makes it; is_first_of_two: that one only provisions what the schedule will move.
    """

    name: str
    gain: str
    grid: Sequence[dict[str, Any]]
    form_url: str
    is_first_of_two: bool
    steps: Sequence[str]
    cold: tuple[str, str]
    usd: Decimal | None


def weekly(schedule: Schedule, held: Plan, pk: int, live: ServerlessCapacity) -> Weekly:
    """A schedule in words and as a grid."""
    option = held.option_of(schedule.option)
    assert option is not None
    return Weekly(
        name=words.name(option),
        gain=(
            f"{wording.percent(schedule.gain)} better than {schedule.fixed_level} provisioned all week, a cold start "
            f"at {wording.usd(schedule.usd_per_cold)}; it won on weeks that it was not fitted on."
        ),
        grid=_grid(schedule.hours),
        form_url=words.form_url(option, held, pk, live),
        is_first_of_two=words.is_first_of_two(option, held, live),
        steps=[
            f"{action.schedule} UTC: {action.level} provisioned"
            for action in (() if schedule.window is not None else schedule.actions)
        ],
        cold=words.parts(option.cold),
        usd=option.usd,
    )


def _grid(hours: Sequence[int]) -> list[dict[str, Any]]:
    least, most = min(hours), max(hours)
    return [
        {"label": day, "cells": [_cell(day, hour, hours[24 * n + hour], least, most) for hour in range(24)]}
        for n, day in enumerate(WEEKDAYS)
    ]


def _cell(day: str, hour: int, level: int, least: int, most: int) -> dict[str, Any]:
    shade = round(4 * (level - least) / (most - least)) if most > least else 0
    title = f"{day} {hour:02}:00 UTC: {level} provisioned"
    return {"level": shade, "text": str(level), "title": title}
