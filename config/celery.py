"""The Celery app. The database is the queue of record; Celery is the doorbell. Options: CELERY_* in settings."""

import gc
import os

from celery import Celery, Task
from celery.signals import setup_logging, task_postrun, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("flotilla")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_: object) -> None:
    """Celery leaves logging to Django's LOGGING."""


@worker_init.connect
def spare_what_stays(**_: object) -> None:
    """Leave what a loaded worker consists of, and most of what a call to AWS makes, out of the search for garbage.

    Done before the processes are forked, so that this memory stays shared. Nearly everything that a run makes ends by
    its count of references: at Python's own thresholds the search took a twelfth of an inventory's CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@task_postrun.connect
def give_connections_back(sender: Task, **_: object) -> None:
    """To the process's pool, which looks whether one still answers before the next task is given it.

    A new one costs PostgreSQL a process that has yet to read what tables there are: a fifth of an inventory's CPU.
    """
    from django.db import connections

    if not sender.request.is_eager:
        connections.close_all()
