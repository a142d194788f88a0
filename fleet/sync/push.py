"""Events instead of waiting for the next listing: each only says which shard to list now.

What an event claims is never stored. So events may come twice, late, out of order or not at all (EventBridge promises
no order, SQS delivers at least once): the listing that follows is the truth, and the routine ones go on.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from fleet import doorbell
from fleet.aws import queues
from fleet.errors import AwsError
from fleet.models import EventQueue, Shard
from fleet.sync.outcome import error_document

SOURCE = "aws.sagemaker"
DETAIL_TYPE = "SageMaker Endpoint State Change"
"""SageMaker developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge", read 2026-11-21."""
WAIT_S = 20
"""The longest wait SQS allows: an empty queue costs three requests a minute."""

Place = tuple[str, str]


@dataclass(frozen=True)
class Heard:
    """What one receive brought: messages read, those that concerned no shard of ours, and the shards to look at."""

    messages: int
    ignored: int
    shard_ids: tuple[int, ...]


def place_of(body: str) -> Place | None:
    """(account id, region) of the endpoint an event is about; None when it is no such event."""
    try:
        event = json.loads(body)
    except ValueError:
        return None
    if not isinstance(event, dict) or (event.get("source"), event.get("detail-type")) != (
        SOURCE,
        DETAIL_TYPE,
    ):
        return None
    account, region = event.get("account"), event.get("region")
    return (account, region) if isinstance(account, str) and isinstance(region, str) else None


def listen_once(queue_url: str, *, now: Callable[[], datetime], wait_s: int = WAIT_S) -> Heard:
    """Receive once, have the shards concerned listed, then delete the messages. Raises AwsError, which is stored too.

    A crash before the deletion delivers the messages again, which costs a listing and changes nothing.
    """
    queue, _ = EventQueue.objects.get_or_create(url=queue_url)
    try:
        messages = queues.receive(queue_url, wait_s=wait_s)
        heard = _hear([message.body for message in messages], now())
        queues.delete(queue_url, messages)
    except AwsError as error:
        EventQueue.objects.filter(pk=queue.pk).update(error=error_document(error, queue.error, now()))
        raise
    rows = EventQueue.objects.filter(pk=queue.pk)
    rows.update(
        listening_at=now(),
        messages=F("messages") + heard.messages,
        ignored=F("ignored") + heard.ignored,
        error=None,
        **({"heard_at": now()} if heard.messages else {}),
    )
    return heard


def _hear(bodies: Sequence[str], now: datetime) -> Heard:
    places = [place_of(body) for body in bodies]
    wanted = {place for place in places if place is not None}
    known = _shards(wanted)
    ignored = sum(1 for place in places if place not in known)
    ids = tuple(sorted(known.values()))
    if ids:
        with transaction.atomic():
            mark(ids, now)
            doorbell.ring_after_commit("fleet.sync_due", *ids)
    return Heard(len(bodies), ignored, ids)


def mark(shard_ids: Iterable[int], now: datetime) -> None:
    """Make shards due now: the tick finds them when the doorbell is not heard. Those that fail keep their pause."""
    Shard.objects.filter(pk__in=list(shard_ids), failures=0).update(inventory_due_at=now)


def _shards(places: set[Place]) -> dict[Place, int]:
    """Enabled shards by place."""
    if not places:
        return {}
    wanted = Q()
    for account, region in places:
        wanted |= Q(account__account_id=account, region=region)
    rows = Shard.objects.filter(wanted, enabled=True, account__enabled=True)
    return {(a, r): pk for pk, a, r in rows.values_list("pk", "account__account_id", "region")}
