"""Rings background tasks after commit. The row is stored already, so a ring may be lost: the tick finds it."""

import structlog
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

log = structlog.get_logger(__name__)


def ring_after_commit(task_name: str, *ids: int) -> None:
    """Send the task once the surrounding transaction has committed; an absent broker is logged, never raised."""
    transaction.on_commit(lambda: _ring(task_name, ids))


def _ring(task_name: str, ids: tuple[int, ...]) -> None:
    try:
        current_app.send_task(task_name, args=ids)
    except OperationalError as error:
        log.warning("doorbell.broker_away", task=task_name, ids=ids, error=str(error))
