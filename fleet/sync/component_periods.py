"""What inference components hold over time: one period for each stretch of unchanged copies and reservations."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from fleet import loading
from fleet.models import ComponentPeriod, InferenceComponent
from fleet.sync import rows

_OPEN_OF = 'WHERE t.component_id = ANY(%s) AND t."end" IS NULL'
_FIELDS = ("copies", "cpu_cores", "accelerators", "memory_mb")


@dataclass(frozen=True)
class Changes:
    """Periods to begin and to end; truthy when there are any."""

    begun: list[ComponentPeriod] = field(default_factory=list)
    ended: list[ComponentPeriod] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.begun or self.ended)

    def save(self) -> None:
        """Call inside the transaction that holds the shard's fence, after the components are saved."""
        # The old period must be closed before the new one opens: a component has at most one open period.
        rows.update(self.ended, ["end"])
        rows.insert(self.begun)


def changes(components: Collection[InferenceComponent], *, now: datetime) -> Changes:
    """What must be written so that the open periods say what these components hold now. At most one query.

    A component's first period begins with its creation: AWS keeps no history, so it is taken to have been as found,
    which is inferred where it was modified since. A change counts from AWS's modification time where it can be.
    """
    stored = [component.pk for component in components if component.pk]
    held = loading.read(ComponentPeriod, _OPEN_OF, [stored]) if stored else ()
    opened = {period.component_id: period for period in held}
    found = Changes()
    for component in components:
        period = opened.get(component.pk) if component.pk else None
        if component.removed_at is not None:
            if period is not None:
                _end(found, period, component.removed_at)
            continue
        values = _held(component)
        if period is None:
            start = min(component.created_at, now)
            is_inferred = component.modified_at > component.created_at
            found.begun.append(
                ComponentPeriod(component=component, start=start, is_inferred=is_inferred, **values)
            )
        elif component.created_at > period.start or any(getattr(period, f) != values[f] for f in _FIELDS):
            at = component.modified_at if period.start < component.modified_at <= now else now
            _end(found, period, at)
            found.begun.append(ComponentPeriod(component=component, start=at, **values))
    return found


def _end(found: Changes, period: ComponentPeriod, at: datetime) -> None:
    period.end = at
    found.ended.append(period)


def _held(component: InferenceComponent) -> dict[str, Any]:
    needs = (component.document.get("Specification") or {}).get("ComputeResourceRequirements") or {}
    return {
        "copies": component.current_copies,
        "cpu_cores": needs.get("NumberOfCpuCoresRequired"),
        "accelerators": needs.get("NumberOfAcceleratorDevicesRequired"),
        "memory_mb": needs.get("MinMemoryRequiredInMb"),
    }
