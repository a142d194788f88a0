"""A fleet in which every text that AWS or a person may choose is an attack, with one row behind every kind of page."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from fleet.access import audit
from fleet.alerts.evaluate import evaluate
from fleet.cost_rises import judged_day
from fleet.models import (
    Account,
    Advice,
    AdvisorRun,
    Budget,
    ChangeEvent,
    CostRise,
    Endpoint,
    EndpointConfig,
    Incident,
    Notification,
    Operation,
    ProductionVariant,
    RiseCheck,
    Shard,
    TransformJob,
    User,
    VariantStatus,
)
from fleet.types import Kind

SCRIPT = "<script>alert(1)</script>"
IMAGE = "\"'><img src=x onerror=alert(2)>"
TEXTS = (SCRIPT, IMAGE)
DRAFT_ROUTES = tuple(
    f"settings:{name}.pk"
    for name in ("set-up-access", "set-up-roles", "set-up-regions", "set-up-discard", "role-text")
)
"""Routes that want an account whose set-up is not finished."""


def build(text: str) -> dict[str, Any]:
    """Rows full of `text`; the mapping that fills the arguments of every route."""
    now = timezone.now()
    admin = User.objects.create(
        username=f"admin {text}", email="admin@example.com", role=User.Role.ADMIN, is_active=True
    )
    shard = _shard(text)
    kinds = (Kind.SERVERLESS, Kind.MULTI_MODEL, Kind.ASYNCHRONOUS, Kind.REAL_TIME)
    of_kind = {kind: _endpoint(shard, f"{kind.value[:4]}{text}", kind, text) for kind in kinds}
    endpoint = of_kind[Kind.REAL_TIME]
    operation = _operation(endpoint, admin, text, now)
    budget = _budget(endpoint, text, now)
    evaluate(now=now)
    audit.record(
        actor=admin,
        action="test",
        target=endpoint,
        before={text: text},
        after={text: f"{text}2"},
        reason=text,
    )
    incident = Incident.objects.filter(endpoint__isnull=False).order_by("pk").first()
    mail = Notification.objects.filter(incident=incident).first()
    assert incident is not None
    assert mail is not None
    job = _job(shard, text, now)
    return {
        "advisor.pk": _advice(endpoint, admin, text, now).pk,
        "batch.pk": job.pk,
        "budgets.pk": budget.pk,
        "cache.pk": of_kind[Kind.MULTI_MODEL].pk,
        "endpoints.pk": endpoint.pk,
        "endpoints:hosted_models.pk": of_kind[Kind.MULTI_MODEL].pk,
        "operations.code": operation.code,
        "operations.pk": endpoint.pk,
        "alerts.pk": incident.pk,
        "alerts:delivery.pk": mail.pk,
        "alerts:as-sent.pk": mail.pk,
        "alerts.key": "endpoint-failed",
        "sync.pk": shard.pk,
        **_of_accounts(shard, text),
        "settings.pk": admin.pk,
        "admin": admin,
    }


def _operation(endpoint: Endpoint, admin: User, text: str, now: datetime) -> Operation:
    operation = Operation.objects.create(
        form_token="t", kind="change-concurrency", endpoint=endpoint, variant_name=text, parameters={"max": text},
        plan={}, state="failed", verdict="refused", failure_reason=text, reason=text, verdict_detail=text,
        aws_error={"code": text, "message": text, "action": text, "request_id": text},
        planned_at=now, finished_at=now, requested_by=admin,
    )  # fmt: skip
    ChangeEvent.objects.create(
        endpoint=endpoint,
        at=now,
        category="tags",
        summary=f"tag {text}",
        before={text: text},
        after={text: text},
    )
    return operation


def _advice(endpoint: Endpoint, admin: User, text: str, now: datetime) -> Advice:
    AdvisorRun.objects.create(pk=1, due_at=now + timedelta(hours=1), begun_at=now, ended_at=now, endpoints=4)
    return Advice.objects.create(
        endpoint=endpoint, rule=f"r{text}"[:64], version=1, decision="care", severity=2, effort=0, risk=1,
        title=text, why=text, evidence=[[text, text, text]], undo=text, runbook=[text], missing=[[text, text]],
        to=text, source=text, alternatives=[{"rule": text, "title": text, "low": "1", "high": "2", "why": text}],
        saving_low=1, saving_high=2, operation_kind="change-instances", operation_fields={"instance_type": text},
        first_seen_at=now, last_seen_at=now, dismissed_reason=text, assigned_to=admin,
    )  # fmt: skip


def _budget(endpoint: Endpoint, text: str, now: datetime) -> Budget:
    budget = Budget.objects.create(
        name=f"b{text}", amount_usd=5, teams=[text], tags=[[text, text]], endpoints=[endpoint.pk]
    )
    CostRise.objects.create(
        endpoint=endpoint, day=judged_day(now), since=judged_day(now), actual=9, expected=1, high=2, cause=text,
        causes=[[text, ""], [text, ""]],
    )  # fmt: skip
    RiseCheck.objects.create(day=judged_day(now), checked_at=now)
    return budget


def _job(shard: Shard, text: str, now: datetime) -> TransformJob:
    return TransformJob.objects.create(
        shard=shard, name=f"job{text}", arn=text, status=text, failure_reason=text, created_at=now, first_seen_at=now,
        described_at=now, started_at=now, model_name=text, instance_type=text, instance_count=1, batch_strategy=text,
        input_uri=text, output_uri=text, tags={text: text}, document={"TransformInput": {"ContentType": text}},
    )  # fmt: skip


def _of_accounts(shard: Shard, text: str) -> dict[str, Any]:
    """Arguments of the routes under an account's settings."""
    return {
        "settings:account.pk": shard.account_id,
        "settings:account-check.pk": shard.account_id,
        "settings:account-switch.pk": shard.account_id,
        "settings:account-remove-act-role.pk": shard.account_id,
        "settings:set-up.pk": shard.account_id,
        "settings:set-up-check.pk": shard.account_id,
        "settings:set-up-first-sync.pk": shard.account_id,
        **dict.fromkeys(DRAFT_ROUTES, _draft(text).pk),
        "settings:role-text.format": "terraform",
    }


def _draft(text: str) -> Account:
    """An account whose set-up goes on, with hostile answers of AWS."""
    row = {
        "action": text,
        "role": "read",
        "without": text,
        "state": "denied",
        "proof": "call",
        "message": text,
    }
    return Account.objects.create(
        account_id="999988887777", alias=f"draft {text}", enabled=False, external_id=text, role_arn=text,
        permissions={"principal": {"arn": text, "error": text}, "region": text, "rows": [row], "total": 1},
        found_regions={"source": text, "regions": {text: False}, "notes": []},
    )  # fmt: skip


def _shard(text: str) -> Shard:
    now = timezone.now()
    now_text = now.isoformat()
    row = {
        "action": text,
        "role": "act",
        "without": text,
        "state": "denied",
        "proof": "simulation",
        "message": text,
    }
    account = Account.objects.create(
        account_id="111122223333", alias=f"prod {text}", identity_error=text, identity_checked_at=now,
        permissions={"started_at": now_text, "done_at": now_text, "region": text, "rows": [row], "total": 1},
    )  # fmt: skip
    error = {
        "code": text, "message": text, "action": text, "request_id": text,
        "since": (now - timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    return Shard.objects.create(
        account=account,
        region="eu-west-1",
        inventory_ok_at=now,
        metrics_ok_at=now,
        sections={"tags": {"error": error}},
    )


def _endpoint(shard: Shard, name: str, kind: Kind, text: str) -> Endpoint:
    now = timezone.now()
    config = EndpointConfig.objects.create(
        shard=shard, name=f"{kind.value[:4]}-c{text}", arn=text, created_at=now, document={"Name": text}
    )
    ProductionVariant.objects.create(config=config, name=f"v{text}", model_name=text, instance_type=text)
    endpoint = Endpoint.objects.create(
        shard=shard, name=name, arn=f"arn:{text}", kind=kind, status="Failed", status_since=now, failure_reason=text,
        config=config, config_name=config.name, created_at=now, modified_at=now, first_seen_at=now, described_at=now,
        unreadable={"code": text, "message": text, "action": text, "since": now.isoformat()},
        tags={text: text}, owner=text, team=text, document={"EndpointName": text}, search_text=text,
    )  # fmt: skip
    VariantStatus.objects.create(
        endpoint=endpoint, name=f"v{text}", model_name=text, instance_type=text, current_instance_count=1,
        max_concurrency=5 if kind == Kind.SERVERLESS else None, memory_mb=2048 if kind == Kind.SERVERLESS else None,
    )  # fmt: skip
    return endpoint
