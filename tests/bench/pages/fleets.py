"""Committed fleets of several sizes for the page benchmarks, summed up as the worker would have done."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from fleet import rollups
from fleet.models import DailyCost, RollupState, Shard, StaleDay, User

FINE_HOURS = 2
TABLES = "fleet_account, fleet_finebucket, fleet_hourbucket, fleet_alertrule, fleet_placehour, fleet_placeday"


def build(size: int) -> datetime:
    """Forget the fleet there is and make one of `size` endpoints; the time it is made for."""
    from tests import fleet_rows

    now = datetime.now(UTC)
    clear()
    fleet_rows.seed(size, now=now, fine_hours=FINE_HOURS)
    rollups.update_shards(list(Shard.objects.values_list("pk", flat=True)), now=now)
    shard, days = Shard.objects.first(), DailyCost.objects.values_list("day", flat=True).distinct()
    StaleDay.objects.bulk_create(StaleDay(shard=shard, day=day) for day in days)
    rollups.update_places()
    # A turn a minute takes in so many shards' history, until everything is kept that the Costs page reads.
    while RollupState.objects.filter(spans_on=None).exists():
        rollups.update_places()
    vacuum()
    return now


def clear() -> None:
    """Remove every row of the fleet."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {TABLES} CASCADE")


def vacuum() -> None:
    """What autovacuum would have done by the time somebody looks."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def session_cookie(username: str = "bench", role: str = User.Role.ADMIN) -> str:
    """The cookie of somebody signed in, made without a password; an administrator may see Django's admin as well."""
    is_admin = role == User.Role.ADMIN
    user, _ = User.objects.get_or_create(
        username=username,
        defaults={"role": role, "is_superuser": is_admin, "is_staff": is_admin, "email": "b@example.com"},
    )
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return f"{settings.SESSION_COOKIE_NAME}={store.session_key}"
