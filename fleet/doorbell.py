"""Rings background tasks after commit. The row is stored already, so a ring may be lost: the tick finds it."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)
_PATIENCE_S = 2
# Somebody waits for the page of their click: a Redis that takes connections and never answers must not hold it. A
# connection of its own, because workers have more patience.
_HASTY = {"socket_connect_timeout": _PATIENCE_S, "socket_timeout": _PATIENCE_S, "max_retries": 0}


def ring_after_commit(task_name: str, *ids: int) -> None:
    """Send the task once the surrounding transaction has committed; an absent broker is logged, never raised."""
    transaction.on_commit(lambda: _ring(task_name, ids))


def _ring(task_name: str, ids: tuple[int, ...]) -> None:
    try:
        with current_app.connection_for_write(transport_options=_HASTY) as connection:
            current_app.send_task(task_name, args=ids, connection=connection)
    except OperationalError as error:
        log.warning("doorbell.broker_away", task=task_name, ids=ids, error=str(error))
