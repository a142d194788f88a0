"""What an endpoint is built from, as a graph, and whether it could be built again today. Pure.

AWS cannot patch an endpoint whose config, model, image, role or artefact was changed or deleted: its notices say so
(ministryofjustice/analytical-platform#10195, read 2026-11-21), and a redeploy of the config would fail alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """FOUND: AWS has it. GONE: AWS does not. UNKNOWN: AWS could not be asked. PLAIN: a setting, not a thing.

    AWS_OWNED: a public image of AWS, which nobody else may ask for and AWS keeps.
    """

    FOUND = "found"
    GONE = "gone"
    UNKNOWN = "unknown"
    PLAIN = "plain"
    AWS_OWNED = "aws-owned"


class Verdict(StrEnum):
    """Whether a clone of the config, or AWS's own patching, would find everything it needs."""

    PATCHABLE = "patchable"
    BROKEN = "broken"
    CANNOT_TELL = "cannot-tell"


COLUMNS = ("Endpoint", "Config", "Variants", "Models", "Built from")


@dataclass(frozen=True)
class Node:
    """One thing. column: its place in COLUMNS; kind: its word ("image", "role", …); why: what its state rests on."""

    key: str
    column: int
    kind: str
    name: str
    state: State
    why: str = ""


@dataclass(frozen=True)
class Graph:
    """Nodes, and edges as pairs of keys from left to right."""

    nodes: Sequence[Node]
    edges: Sequence[tuple[str, str]]

    @property
    def broken(self) -> list[Node]:
        return [node for node in self.nodes if node.state is State.GONE]

    @property
    def doubtful(self) -> list[Node]:
        return [node for node in self.nodes if node.state is State.UNKNOWN]

    @property
    def verdict(self) -> Verdict:
        """One missing link breaks it; one that could not be asked for leaves it open."""
        if self.broken:
            return Verdict.BROKEN
        return Verdict.CANNOT_TELL if self.doubtful else Verdict.PATCHABLE
