"""What the advisor says: advice with its evidence, or which figure it lacks to say anything. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import IntEnum, StrEnum

from fleet.operations.kinds import OperationKind


class Severity(IntEnum):
    """How much it matters, worst first. CRITICAL: callers are refused or waiting for ever now."""

    CRITICAL = 0
    WARNING = 1
    ADVICE = 2
    NOTE = 3


class Effort(IntEnum):
    """What it takes of a person. SMALL: a form; MEDIUM: hours of work; LARGE: days, or a change of the callers."""

    SMALL = 0
    MEDIUM = 1
    LARGE = 2


class Risk(IntEnum):
    """What may go wrong. HIGH: calls may fail, or there is no way back."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2


class Decision(StrEnum):
    """What an advice decides on. Two that decide on the same of one endpoint exclude each other."""

    EXISTENCE = "existence"
    HOSTING = "hosting"
    SHARING = "sharing"
    SIZE = "size"
    COUNT = "count"
    WARMTH = "warmth"
    LIMIT = "limit"
    CACHE = "cache"
    QUEUE = "queue"
    POLICY = "policy"
    COMMITMENT = "commitment"
    CARE = "care"


@dataclass(frozen=True)
class Line:
    """One piece of evidence. value: text with its unit; source: metric or call, and the window it was read over."""

    label: str
    value: str
    source: str


@dataclass(frozen=True)
class Missing:
    """A figure that is not known, and what it would take to know it."""

    what: str
    takes: str


@dataclass(frozen=True)
class Proposal:
    """The operation that carries it out, with its form filled in. fields: form field → text as typed."""

    kind: OperationKind
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Alternative:
    """Advice that the shown one excludes. why: what decided against it."""

    rule: str
    title: str
    saving_low: Decimal | None
    saving_high: Decimal | None
    why: str


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One recommendation for one endpoint. Savings in USD a month of 730 h, both None when none is claimed.

    saving_low may be negative: it costs more if traffic goes the wrong way. proposal None: `runbook` has the steps.
    missing: what is not known and would make it surer; never what its numbers rest on. to: what it moves to, as an
    instance type or hosting option, "" = nothing. alternatives: advice that this one excludes. rule, version and source
    are those of the rule that said it.
    """

    rule: str = ""
    version: int = 0
    decision: Decision
    severity: Severity
    effort: Effort
    risk: Risk
    title: str
    why: str
    evidence: tuple[Line, ...]
    undo: str
    saving_low: Decimal | None = None
    saving_high: Decimal | None = None
    is_irreversible: bool = False
    proposal: Proposal | None = None
    runbook: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    to: str = ""
    source: str = ""
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Gap:
    """A rule that could not be judged for want of figures."""

    missing: tuple[Missing, ...]
    rule: str = ""


@dataclass(frozen=True)
class Reason:
    """One reason about a way to host. speaks_for None: not known, and `text` says what is missing."""

    text: str
    speaks_for: bool | None
    source: str = ""
