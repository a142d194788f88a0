"""A check-up of everything Flotilla needs from outside: what is wrong, and how to mend it."""

import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis.exceptions import RedisError

from fleet.errors import AwsError
from fleet.models import Account, Shard
from fleet.sync import accounts, permissions


@dataclass(frozen=True)
class Finding:
    """One thing looked at. remedy "": it is well."""

    subject: str
    what: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        return not self.remedy


def examine(now: datetime) -> Iterator[Finding]:
    """PostgreSQL, Redis, SMTP and AWS per account, in this order; what needs the database is left out without it."""
    database = list(_database())
    yield from database
    yield _redis()
    yield _smtp()
    if all(finding.is_well for finding in database):
        yield from _aws()
        yield from _sync(now)


def _database() -> Iterator[Finding]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
        missing = _missing_migrations()
    except DatabaseError as error:
        yield Finding("PostgreSQL", _first_line(error), "Start PostgreSQL or correct DATABASE_URL.")
        return
    yield Finding("PostgreSQL", f"version {version} answers")
    if missing:
        yield Finding("PostgreSQL", f"{missing} migrations are not applied", "Run `manage.py migrate`.")


def _missing_migrations() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _redis() -> Finding:
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=5, socket_timeout=5)
    try:
        client.ping()
        policy = client.info("memory").get("maxmemory_policy", "noeviction")
    except (RedisError, OSError) as error:
        return Finding("Redis", _first_line(error), "Start Redis or correct REDIS_URL.")
    finally:
        client.close()
    if policy != "noeviction":
        remedy = "Set maxmemory-policy to noeviction, or queued work may be thrown away."
        return Finding("Redis", f"evicts keys ({policy})", remedy)
    return Finding("Redis", "answers and keeps what it is given")


def _smtp() -> Finding:
    if not settings.EMAIL_HOST:
        return Finding("SMTP", "SMTP_URL is not set", "Set SMTP_URL; until then mails stay queued.")
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    kind = smtplib.SMTP_SSL if settings.EMAIL_USE_SSL else smtplib.SMTP
    try:
        with kind(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT) as server:
            if settings.EMAIL_USE_TLS:
                server.starttls(context=ssl.create_default_context())
            if settings.EMAIL_HOST_USER:
                server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
            server.noop()
    except smtplib.SMTPAuthenticationError:
        return Finding("SMTP", f"{place} refuses the login", "Correct user and password in SMTP_URL.")
    except (smtplib.SMTPException, OSError) as error:
        return Finding("SMTP", f"{place}: {_first_line(error)}", "Start the mail server or correct SMTP_URL.")
    return Finding("SMTP", f"{place} answers")


def _aws() -> Iterator[Finding]:
    rows = Account.objects.filter(enabled=True).prefetch_related("shards")
    if not rows:
        yield Finding("AWS", "no account is taken in", "Run `manage.py accounts add ALIAS`.")
    for account in rows:
        shard = next((s for s in account.shards.all() if s.enabled), None)
        subject = f"AWS {account.alias}"
        if shard is None:
            yield Finding(
                subject, "has no region", f"Run `manage.py accounts add {account.alias} --regions …`."
            )
            continue
        yield from _reads(subject, shard)
        act = accounts.act_role(shard)
        if act is not None:
            remedy = "Check the act role, its trust and external id (docs/iam.md)." if act.error else ""
            yield Finding(subject, f"act role: {act}", remedy)


def _reads(subject: str, shard: Shard) -> Iterator[Finding]:
    try:
        checks = permissions.check(shard.scope)
    except AwsError as error:
        remedy = "Check credentials, role and external id (docs/iam.md)."
        yield Finding(subject, f"{error.action}: {error.message}", remedy)
        return
    bad = [check for check in checks if check.error is not None]
    yield Finding(subject, f"{len(checks) - len(bad)} of {len(checks)} permissions work in {shard.region}")
    for check in bad:
        yield Finding(
            subject,
            f"{check.action} {'is refused' if check.is_missing else 'is not proven'}; without it: {check.disables}",
            f"Allow {check.action} (docs/iam.md).",
        )


def _sync(now: datetime) -> Iterator[Finding]:
    limit = timedelta(seconds=settings.STALE_AFTER_S)
    for shard in Shard.objects.filter(enabled=True, account__enabled=True).select_related("account"):
        if shard.inventory_ok_at is None:
            yield Finding(
                f"sync {shard}", "never succeeded", "Run `manage.py sync --wait`, and start worker and beat."
            )
        elif now - shard.inventory_ok_at > limit:
            minutes = int((now - shard.inventory_ok_at).total_seconds() // 60)
            yield Finding(
                f"sync {shard}", f"last succeeded {minutes} minutes ago", "Are worker and beat running?"
            )


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
