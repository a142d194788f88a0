"""Scheduled scaling: what can be scheduled on an endpoint, a wish about it, and the checked change. Pure.

Source: Application Auto Scaling API reference, PutScheduledAction and ScalableTargetAction (botocore 1.44.5).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from fleet.costs.traffic import Schedule, Weekly
from fleet.operations import expressions

INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
COPIES = "sagemaker:inference-component:DesiredCopyCount"
UNITS = {INSTANCES: "instances", PROVISIONED: "provisioned concurrency", COPIES: "copies"}

ON, OFF = "weekly-on", "weekly-off"
"""Names of the two scheduled actions that make a weekly schedule: unique per scalable target."""
DAYS: Mapping[str, tuple[str, frozenset[int], str, str]] = {
    "daily": ("Every day", frozenset(range(7)), "*", "*"),
    "weekdays": ("Monday to Friday", frozenset(range(5)), "MON-FRI", "TUE-SAT"),
    "weekend": ("Saturday and Sunday", frozenset({5, 6}), "SAT,SUN", "SUN,MON"),
}
"""Days of a weekly schedule: in words, as weekdays (0 = Monday), in cron, and in cron one day later."""
_WEEKLY = re.compile(r"cron\(0 (\d{1,2}) \? \* (\S+) \*\)", re.ASCII)


class Way(StrEnum):
    """What a wish asks for. RESTORE puts back what an earlier operation found; LEAVE deregisters the target.

    WAKE adds the step policy that brings the first of 0 instances back. WEEK is a week of any number of scheduled
    actions, TRACK a policy that follows the utilisation of provisioned concurrency.
    """

    WEEKLY = "weekly"
    WEEK = "week"
    ONE = "one"
    TRACK = "track"
    REMOVE = "remove"
    BOUNDS = "bounds"
    LEAVE = "leave"
    WAKE = "wake"
    RESTORE = "restore"


@dataclass(frozen=True)
class TimedAction:
    """A scheduled action. schedule: AWS's own expression; minimum, maximum None = left as they are.

    start, end: "YYYY-MM-DDTHH:MM:SS" in UTC, "" = none.
    """

    name: str
    schedule: str
    timezone: str = "UTC"
    minimum: int | None = None
    maximum: int | None = None
    start: str = ""
    end: str = ""

    def request(self) -> dict[str, Any]:
        """What PutScheduledAction is sent beside the name and the target."""
        bounds = {"MinCapacity": self.minimum, "MaxCapacity": self.maximum}
        found: dict[str, Any] = {
            "Schedule": self.schedule,
            "ScalableTargetAction": {key: value for key, value in bounds.items() if value is not None},
        }
        if not self.schedule.startswith("rate("):
            found["Timezone"] = self.timezone
        times = {"StartTime": self.start, "EndTime": self.end}
        return found | {key: f"{value}+00:00" for key, value in times.items() if value}

    def words(self) -> str:
        """ "cron(0 8 ? * MON-FRI *) UTC: minimum 4, maximum 4"."""
        bounds = (("minimum", self.minimum), ("maximum", self.maximum))
        sets = ", ".join(f"{label} {value}" for label, value in bounds if value is not None)
        zone = "" if self.schedule.startswith("rate(") else f" {self.timezone}"
        times = f", from {self.start} UTC" if self.start else ""
        times += f", until {self.end} UTC" if self.end else ""
        return f"{self.schedule}{zone}: {sets or 'sets nothing'}{times}"


def from_document(document: Mapping[str, Any]) -> TimedAction:
    """A scheduled action as DescribeScheduledActions shows it; times are ISO 8601 with their offset."""
    bounds = document.get("ScalableTargetAction") or {}
    return TimedAction(
        name=document["ScheduledActionName"],
        schedule=document["Schedule"],
        timezone=document.get("Timezone") or "UTC",
        minimum=bounds.get("MinCapacity"),
        maximum=bounds.get("MaxCapacity"),
        start=_utc(document.get("StartTime")),
        end=_utc(document.get("EndTime")),
    )


def _utc(value: str | None) -> str:
    if not value:
        return ""
    at = datetime.fromisoformat(value)
    return f"{at.astimezone(UTC) if at.tzinfo else at:%Y-%m-%dT%H:%M:%S}"


@dataclass(frozen=True)
class HeldPolicy:
    """A scaling policy. kind: AWS's policy type; configuration: AWS's document for that type."""

    name: str
    kind: str
    configuration: Mapping[str, Any]

    def has(self, wanted: "HeldPolicy") -> bool:
        """Whether every field of another one's document is equal here; AWS may add defaults of its own."""
        return self.kind == wanted.kind and all(
            self.configuration.get(key) == value for key, value in wanted.configuration.items()
        )


@dataclass(frozen=True)
class Spot:
    """One capacity of an endpoint that Application Auto Scaling can set.

    level: what it is now, None = not known. floor: the lowest AWS accepts. most: the highest, None = no bound is known.
    minimum, maximum: of the registered target, None when none is registered. instance_type, volume_gb: of a variant on
    instances. policies: names of the target's policies, held: the same with their documents. wakes: one of them brings
    the first of 0 back.
    """

    resource_id: str
    dimension: str
    variant: str
    level: int | None
    floor: int
    most: int | None = None
    minimum: int | None = None
    maximum: int | None = None
    policies: tuple[str, ...] = ()
    actions: tuple[TimedAction, ...] = ()
    instance_type: str = ""
    volume_gb: int | None = None
    wakes: bool = False
    held: tuple[HeldPolicy, ...] = ()

    @property
    def key(self) -> str:
        """What a form names it by."""
        return f"{self.resource_id} {self.dimension.rsplit(':', 1)[-1]}"

    @property
    def unit(self) -> str:
        """What is counted: "instances", "provisioned concurrency", "copies"."""
        return UNITS[self.dimension]

    @property
    def label(self) -> str:
        """ "Instances of AllTraffic": one of several in a form."""
        return f"{self.unit.capitalize()} of {self.variant or self.resource_id.rsplit('/', 1)[-1]}"

    @property
    def is_registered(self) -> bool:
        return self.minimum is not None and self.maximum is not None

    def version(self, *, with_policies: bool = False) -> dict[str, Any]:
        """What must still hold when the plan is confirmed and its first step runs; what a way back restores.

        with_policies: of a change that writes or deletes policies; any other leaves them to themselves.
        """
        found: dict[str, Any] = {
            "key": self.key,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "actions": [asdict(action) for action in self.actions],
        }
        return found | ({"policies": [asdict(policy) for policy in self.held]} if with_policies else {})


@dataclass(frozen=True)
class ScheduleWish:
    """What a person typed, as text. target: a Spot's key, "" = the first. before: JSON of Spot.version to restore.

    back_after: hours after which what is woken goes back to 0, "" = not by the clock. `end` then is the time that the
    plan showed. lines: the actions of a WEEK, one a line. goal: the utilisation that a TRACK keeps, in percent.
    """

    way: str
    target: str = ""
    days: str = ""
    from_hour: str = ""
    to_hour: str = ""
    level: str = ""
    rest: str = ""
    timezone: str = "UTC"
    name: str = ""
    schedule: str = ""
    minimum: str = ""
    maximum: str = ""
    start: str = ""
    end: str = ""
    before: str = ""
    back_after: str = ""
    lines: str = ""
    goal: str = ""
    out_cooldown: str = ""
    in_cooldown: str = ""


@dataclass(frozen=True)
class ScheduleChange:
    """A checked wish: scheduled actions to write and to delete by name, and policies to write and those to drop.

    bounds: what the target is registered with first, None = left as it is. leaves: the target itself goes, with all
    that hangs on it. wakes: the step policy that brings the first instance back is written, with its alarm.
    """

    spot: Spot
    wish: ScheduleWish
    put: tuple[TimedAction, ...] = ()
    delete: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    leaves: bool = False
    wakes: bool = False
    policies: tuple[HeldPolicy, ...] = ()
    dropped: tuple[str, ...] = ()

    def version(self) -> dict[str, Any]:
        """Of its capacity, what must still hold; see Spot.version."""
        return self.spot.version(with_policies=bool(self.policies or self.dropped))

    def actions_after(self) -> tuple[TimedAction, ...]:
        """Every scheduled action of the target once the change is made."""
        if self.leaves:
            return ()
        found = {action.name: action for action in self.spot.actions if action.name not in self.delete}
        return tuple((found | {action.name: action for action in self.put}).values())


@dataclass(frozen=True)
class Pattern:
    """A level that is known for every hour of the week. weekly None: `level` all the time."""

    level: int
    weekly: Schedule | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


def weekly_actions(
    days: str, from_hour: int, to_hour: int, timezone: str, on: tuple[int, int], off: tuple[int, int]
) -> tuple[TimedAction, TimedAction]:
    """The two actions of a weekly schedule. on, off: minimum and maximum. A night ends on the day after."""
    _, _, cron_days, later = DAYS[days]
    ends_later = to_hour <= from_hour or to_hour == 24
    first = f"cron(0 {from_hour} ? * {cron_days} *)"
    last = f"cron(0 {to_hour % 24} ? * {later if ends_later else cron_days} *)"
    return TimedAction(ON, first, timezone, *on), TimedAction(OFF, last, timezone, *off)


def pattern(actions: Iterable[TimedAction], level: int | None, now: datetime) -> Pattern | None:
    """What a target's scheduled actions make of its level over the week; None when that cannot be told.

    level: what it is now, which stays where nothing is scheduled. Hours of a time zone count as they lie on `now`.
    """
    found = {action.name: action for action in actions}
    if not found:
        return None if level is None else Pattern(level)
    if set(found) != {ON, OFF}:
        return None
    on, off = found[ON], found[OFF]
    first, last = _WEEKLY.fullmatch(on.schedule), _WEEKLY.fullmatch(off.schedule)
    is_plain = on.timezone == off.timezone and not (on.start or on.end or off.start or off.end)
    if not (first and last and is_plain) or on.minimum is None or off.minimum is None:
        return None
    days = next((key for key, row in DAYS.items() if row[2] == first[2]), "")
    if not days or not (int(first[1]) < 24 and int(last[1]) < 24):
        return None
    to_hour = int(last[1]) or 24
    if weekly_actions(days, int(first[1]), to_hour, on.timezone, (0, 0), (0, 0))[1].schedule != off.schedule:
        return None
    where = expressions.zone(on.timezone)
    offset = now.astimezone(where).utcoffset() if where else None
    if offset is None:
        return None
    weekly = Weekly(DAYS[days][1], int(first[1]), to_hour, rest=off.minimum, offset=offset)
    fields = {
        "days": days, "from_hour": first[1], "to_hour": str(to_hour), "level": str(on.minimum),
        "rest": str(off.minimum), "timezone": on.timezone,
    }  # fmt: skip
    return Pattern(on.minimum, weekly, fields)
