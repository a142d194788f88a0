"""How well a level can be told from the rows, and why not, in sentences for people."""

from dataclasses import dataclass
from statistics import median

from fleet.analysis.planner import outcomes
from fleet.analysis.planner.draws import Draws
from fleet.analysis.planner.interval import Standing
from fleet.analysis.planner.rows import Observation

MEASURED = "This level was live for the whole window."
COARSE = "Most calls are known by five-minute or longer rows only: peaks and bursts within them cannot be told apart."
SATURATED = "Calls reached the maximum concurrency in {count} buckets: demand above it was lost, this is a lower bound."
NO_SETUPS = "Set-up samples were never reported, so nothing tells how long idle containers are kept."
HIDDEN = "Provisioned concurrency hid the silences, so how long idle containers are kept is an assumption."
FEW_SILENCES = "Too few silences of 3 to 25 minutes tell how long idle containers are kept."
SHORT_BURSTS = (
    "Calls come in bursts shorter than a set-up: how many of them one warm container could have served in turn does not"
    " show. Run provisioned concurrency 1 for a week, then ask again."
)
ROTATION = (
    "Idle containers seem to be taken in turn, not the last one first: a small level may raise cold starts."
)
YOUNG = "The window is shorter than a day."
_APART, _SLACK = 2, 10
"""A replay says something else than what was measured from so many times and so many cold starts apart."""


@dataclass(frozen=True)
class Unlike:
    """Cold starts of the window, replayed at the one level that was live and as measured, where they are far apart."""

    replayed: int
    seen: int

    def words(self) -> str:
        """A sentence for people."""
        return (
            f"Replayed as it ran, the window has about {self.replayed:,} cold starts where {self.seen:,} were measured:"
            " containers come and go otherwise than is taken for granted here, so what is said of other ways may be as"
            " far off."
        )


def standing(observation: Observation, draws: Draws, level: int) -> tuple[Standing, tuple[str, ...]]:
    """The word for a level and its reasons; a weak one has at least one."""
    if observation.levels == {level} and observation.setups is not None:
        return Standing.MEASURED, (MEASURED, *_lower_bound(observation))
    return doubts(observation, draws, level)


def doubts(observation: Observation, draws: Draws, level: int) -> tuple[Standing, tuple[str, ...]]:
    """Good, or weak and why: of a way to run the variant that was not live and whose lowest level this is."""
    reasons = list(_lower_bound(observation))
    if observation.is_coarse:
        reasons.append(COARSE)
    if observation.hours < 24:
        reasons.append(YOUNG)
    if observation.setups is None:
        reasons.append(NO_SETUPS)
    elif not draws.timeout.is_known:
        reasons.append(HIDDEN if level < min(observation.levels) else FEW_SILENCES)
    if draws.are_bursts_untold:
        reasons.append(SHORT_BURSTS)
    if draws.rotation > 0.5:
        reasons.append(ROTATION)
    found = unlike(observation, draws)
    if found is not None:
        reasons.append(found.words())
    return (Standing.WEAK if reasons else Standing.GOOD), tuple(reasons)


def _lower_bound(observation: Observation) -> tuple[str, ...]:
    return (SATURATED.format(count=observation.saturated),) if observation.saturated else ()


def unlike(observation: Observation, draws: Draws) -> Unlike | None:
    """Where the replays do not have what was measured; None where they do, or no one level was live all the time."""
    seen, live = observation.setups, next(iter(observation.levels))
    if seen is None or len(observation.levels) != 1 or any(live not in one.levels for one in draws.each):
        return None
    replayed = round(median(outcomes.scaled_cold(draws, outcomes.of_level(draws, live))))
    if seen / _APART - _SLACK <= replayed <= seen * _APART + _SLACK:
        return None
    return Unlike(replayed, seen)
