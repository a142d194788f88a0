"""What the containers and inference components of one endpoint did in a window, one by one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Max, Sum

from fleet.models import PartHour
from fleet.queries.scope import TimeRange


@dataclass(frozen=True)
class PartUse:
    """Sums of one part over a window; None: CloudWatch reported nothing. until: end of the newest hour read."""

    name: str
    calls: float | None = None
    errors_4xx: float | None = None
    errors_5xx: float | None = None
    latency_ms_sum: float | None = None
    latency_count: float | None = None
    latency_ms_max: float | None = None
    cpu_pct: float | None = None
    gpu_pct: float | None = None
    memory_pct: float | None = None
    newest: datetime | None = None

    @property
    def latency_ms(self) -> float | None:
        """Average over all calls, exact."""
        if self.latency_ms_sum is None or not self.latency_count:
            return None
        return self.latency_ms_sum / self.latency_count


def uses(variant_ids: Sequence[int], of: str, window: TimeRange) -> dict[str, PartUse]:
    """By name, over the whole hours that begin inside the window. One query."""
    rows = (
        PartHour.objects.filter(variant_id__in=variant_ids, of=of, at__gte=window.start, at__lt=window.end)
        .order_by()
        .values("name")
        .annotate(
            calls=Sum("invocations"),
            sum_4xx=Sum("errors_4xx"),
            sum_5xx=Sum("errors_5xx"),
            latency_sum=Sum("latency_ms_sum"),
            samples=Sum("latency_count"),
            highest=Max("latency_ms_max"),
            cpu=Avg("cpu_pct"),
            gpu=Avg("gpu_pct"),
            memory=Avg("memory_pct"),
            newest=Max("at"),
        )
    )
    return {
        row["name"]: PartUse(
            row["name"], row["calls"], row["sum_4xx"], row["sum_5xx"], row["latency_sum"], row["samples"],
            row["highest"], row["cpu"], row["gpu"], row["memory"], row["newest"],
        )
        for row in rows
    }  # fmt: skip


def latency_shares(parts: Iterable[PartUse]) -> dict[str, float]:
    """Each part's share of the latency of all parts together, 0 to 1; only those that reported any."""
    known = {part.name: part.latency_ms_sum for part in parts if part.latency_ms_sum is not None}
    whole = sum(known.values())
    return {name: value / whole for name, value in known.items()} if whole else {}


def slowest(shares: dict[str, float]) -> str:
    """The part with the largest share of latency; "" with fewer than two to compare."""
    return max(shares, key=lambda name: shares[name]) if len(shares) > 1 else ""
