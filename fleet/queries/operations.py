"""The read side of the Operations pages: rows of the list, and everything one operation's page shows."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Count, Q, QuerySet

from fleet.models import Endpoint, Operation, OperationStep, ScalableTarget, VariantStatus
from fleet.queries.scope import ScopeFilter

State = Operation.State
OPEN = (State.PLANNED, *Operation.ACTIVE)


@dataclass(frozen=True)
class Counts:
    """How many operations of a scope run, and how many plans wait for somebody."""

    running: int
    planned: int


@dataclass(frozen=True)
class CompareRow:
    """One line of "wanted and live". is_met None: nothing was asked, or what is live is not known ("—")."""

    label: str
    wanted: str
    live: str
    is_met: bool | None


@dataclass(frozen=True)
class Detail:
    """One operation with its steps, what is live now as far as the mirror knows, and what else runs."""

    operation: Operation
    steps: list[OperationStep]
    live: list[CompareRow]
    live_at: datetime | None
    also_running: list[Operation]

    @property
    def proven(self) -> int:
        """Steps that are done."""
        return sum(step.state == OperationStep.State.DONE for step in self.steps)

    @property
    def current(self) -> OperationStep | None:
        """The step under way, or the next one; None when all are closed."""
        opened = {OperationStep.State.PENDING, OperationStep.State.RUNNING}
        return next((step for step in self.steps if step.state in opened), None)


def counts(scope: ScopeFilter) -> Counts:
    """One query."""
    found = _in(scope).aggregate(
        running=Count("pk", filter=Q(state__in=Operation.ACTIVE)),
        planned=Count("pk", filter=Q(state=State.PLANNED)),
    )
    return Counts(found["running"], found["planned"])


def open_rows(scope: ScopeFilter, limit: int = 50) -> list[Operation]:
    """Running operations first, then plans that wait, newest first; steps come along."""
    rows = _in(scope).filter(state__in=OPEN).prefetch_related("steps")
    found = list(rows.order_by("-planned_at", "-pk")[:limit])
    return sorted(found, key=lambda operation: operation.state == State.PLANNED)


def ended(scope: ScopeFilter) -> QuerySet[Operation]:
    """Operations that ended, newest first; the caller cuts a page out of it."""
    return _in(scope).filter(state__in=Operation.ENDED).order_by("-planned_at", "-pk")


def every(scope: ScopeFilter) -> QuerySet[Operation]:
    """Operations in any state, for a list that pages by key."""
    return _in(scope)


def detail(operation: Operation) -> Detail:
    """Everything for one page: four queries beside the operation itself."""
    endpoint = operation.endpoint
    variant = VariantStatus.objects.filter(
        endpoint=endpoint, name=operation.variant_name, removed_at=None
    ).first()
    running = Operation.objects.filter(state__in=Operation.ACTIVE).exclude(pk=operation.pk)
    wanted = operation.plan.get("wanted", {})
    subject = _subject(wanted, endpoint)
    return Detail(
        operation=operation,
        steps=list(operation.steps.all()),
        live=_compare(wanted, endpoint, variant, subject),
        live_at=_read_at(wanted, endpoint, subject),
        also_running=list(running.select_related("endpoint__shard__account").order_by("confirmed_at")[:5]),
    )


def money(value: Any) -> Decimal | None:
    """A figure as a plan keeps it (text, exact); None where it could not be told."""
    try:
        return None if value is None else Decimal(str(value))
    except InvalidOperation:
        return None


def _in(scope: ScopeFilter) -> QuerySet[Operation]:
    return Operation.objects.filter(scope.q("endpoint__shard")).select_related(
        "endpoint__shard__account", "requested_by"
    )


def _subject(wanted: dict[str, Any], endpoint: Endpoint) -> Endpoint | None:
    """The endpoint that is compared: of a split the one that it made, or its way back deleted, where it is seen."""
    name = wanted.get("new_endpoint") or wanted.get("deleted_endpoint")
    if name is None:
        return endpoint
    return Endpoint.objects.filter(shard=endpoint.shard_id, name=name, closed_at=None).first()


def _compare(
    wanted: dict[str, Any], endpoint: Endpoint, variant: VariantStatus | None, subject: Endpoint | None
) -> list[CompareRow]:
    if "schedule" in wanted:
        return _schedule_rows(wanted, endpoint)
    if "new_endpoint" in wanted or "deleted_endpoint" in wanted:
        return _split_rows(wanted, subject)
    rows = [_row("Endpoint config", wanted.get("config_name"), endpoint.config_name)]
    if "instance_count" in wanted:
        shown = f"{wanted['instance_count']} × {wanted['instance_type']}"
        live = "serverless"
        if variant is not None and variant.current_instance_count is not None:
            live = f"{variant.current_instance_count} × {variant.instance_type}"
        rows.append(_row("Capacity", shown, live))
    if "memory_mb" in wanted:
        rows.append(_row("Memory, MB", wanted["memory_mb"], variant and variant.memory_mb))
    if "max_concurrency" in wanted:
        rows.append(_row("Max concurrency", wanted["max_concurrency"], variant and variant.max_concurrency))
        rows.append(
            _row(
                "Provisioned concurrency",
                wanted["provisioned_concurrency"] or "none",
                (variant and variant.provisioned_concurrency) or "none",
            )
        )
    rows.append(CompareRow("Status", "InService", endpoint.status, None))
    return rows


def _read_at(wanted: dict[str, Any], endpoint: Endpoint, subject: Endpoint | None) -> datetime | None:
    """When AWS was last asked for what is compared: of a schedule its targets, else the endpoint."""
    if "new_endpoint" in wanted:
        return subject.described_at if subject else None
    if "schedule" not in wanted:
        return endpoint.described_at
    read = (endpoint.shard.sections.get("scaling") or {}).get("ok_at")
    return datetime.fromisoformat(read) if read else None


def _split_rows(wanted: dict[str, Any], found: Endpoint | None) -> list[CompareRow]:
    """The endpoint that a split made or its way back deleted, as the mirror has it."""
    if "deleted_endpoint" in wanted:
        return [_row(wanted["deleted_endpoint"], "deleted", found.status if found else "deleted")]
    variant = VariantStatus.objects.filter(endpoint=found, removed_at=None).first() if found else None
    live = None
    if variant is not None and variant.current_instance_count is not None:
        live = f"{variant.current_instance_count} × {variant.instance_type}"
    return [
        _row("Endpoint config", wanted["config_name"], found.config_name if found else None),
        _row("Capacity", f"{wanted['instance_count']} × {wanted['instance_type']}", live),
        CompareRow("Status", "InService", found.status if found else "not seen yet", None),
    ]


def _schedule_rows(wanted: dict[str, Any], endpoint: Endpoint) -> list[CompareRow]:
    """The target and each scheduled action that was touched, as the mirror has them."""
    target = ScalableTarget.objects.filter(
        endpoint=endpoint, resource_id=wanted["resource_id"], dimension=wanted["dimension"]
    ).first()
    live = {row.name: row for row in target.scheduled_actions.all()} if target else {}
    rows = [
        _row(
            "Scalable target",
            "registered" if wanted["is_registered"] else "none",
            "registered" if target else "none",
        )
    ]
    for name, request in wanted["schedule"].items():
        action = live.get(name)
        words = _action_words(action.schedule, action.document) if action else "none"
        rows.append(_row(name, _action_words(request["Schedule"], request) if request else "none", words))
    return rows + _policy_rows(wanted.get("policies") or {}, target)


def _policy_rows(wanted: dict[str, Any], target: ScalableTarget | None) -> list[CompareRow]:
    """Each policy that was touched: its document, field by field of what was asked."""
    live = {row.name: row.configuration for row in target.policies.all()} if target and wanted else {}
    rows = []
    for name, document in wanted.items():
        asked = document["configuration"] if document else None
        found = live.get(name)
        if asked is not None and found is not None:
            found = {key: found.get(key) for key in asked}
        rows.append(CompareRow(name, _policy_words(asked), _policy_words(found), asked == found))
    return rows


def _policy_words(document: dict[str, Any] | None) -> str:
    if document is None:
        return "none"
    return ", ".join(
        f"{key} {value}" for key, value in sorted(document.items()) if not isinstance(value, dict)
    )


def _action_words(schedule: str, document: dict[str, Any]) -> str:
    bounds = document.get("ScalableTargetAction") or {}
    pairs = (("minimum", bounds.get("MinCapacity")), ("maximum", bounds.get("MaxCapacity")))
    sets = ", ".join(f"{label} {value}" for label, value in pairs if value is not None)
    return f"{schedule} {document.get('Timezone') or 'UTC'}: {sets}"


def _row(label: str, wanted: object, live: object) -> CompareRow:
    if live is None:
        return CompareRow(label, str(wanted), "—", None)
    return CompareRow(label, str(wanted), str(live), str(wanted) == str(live))
