"""EventBridge rules that bring SageMaker's state changes into SQS queues.

Event shape: SageMaker developer guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge" (read
2026-11-21). AWS may send several events for one change and promises no order; faults can do the same here.
"""

from __future__ import annotations

import json
import re
import uuid
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from hashlib import md5
from typing import TYPE_CHECKING, Any

from simulator.faults import Faults

if TYPE_CHECKING:
    from simulator.records import Endpoint
    from simulator.world import Region

# SQS keeps a message four days unless told otherwise (API reference, SetQueueAttributes).
RETENTION = timedelta(days=4)
WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass
class Message:
    """One message of a queue; invisible until `visible_at`."""

    id: str
    body: str
    sent: datetime
    visible_at: datetime
    received: int = 0
    first_received: datetime | None = None

    def handle(self) -> str:
        """The receipt handle of the latest delivery."""
        return b64encode(f"{self.id}|{self.received}".encode()).decode()

    def document(self) -> dict[str, Any]:
        """The message as ReceiveMessage shows it, all system attributes included."""
        first = self.first_received or self.sent
        return {
            "MessageId": self.id,
            "ReceiptHandle": self.handle(),
            "MD5OfBody": md5(self.body.encode(), usedforsecurity=False).hexdigest(),
            "Body": self.body,
            "Attributes": {
                "ApproximateReceiveCount": str(self.received),
                "SentTimestamp": str(int(self.sent.timestamp() * 1000)),
                "ApproximateFirstReceiveTimestamp": str(int(first.timestamp() * 1000)),
            },
        }


@dataclass
class Queue:
    """A standard queue. `sources` are {account, region} patterns of the rules that feed it."""

    name: str
    account_id: str
    region: str
    arn: str
    visibility_s: int = 30
    sources: list[dict[str, str]] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)

    def takes(self, account: str, region: str) -> bool:
        """Whether a rule sends events of this account and region here."""
        return any(
            fnmatchcase(account, str(source.get("account", "*")))
            and fnmatchcase(region, source.get("region", "*"))
            for source in self.sources
        )

    def put(self, body: str, sent: datetime, visible_at: datetime) -> None:
        """Add a message, dropping those nobody fetched in time."""
        while self.messages and (oldest := next(iter(self.messages.values()))).sent < sent - RETENTION:
            del self.messages[oldest.id]
        message = Message(str(uuid.uuid4()), body, sent, visible_at)
        self.messages[message.id] = message

    def receive(self, limit: int, visibility_s: int, now: datetime) -> list[Message]:
        """Up to `limit` visible messages, oldest first, hidden from others for `visibility_s`."""
        taken: list[Message] = []
        for message in self.messages.values():
            if len(taken) == limit:
                break
            if message.visible_at <= now:
                message.visible_at = now + timedelta(seconds=visibility_s)
                message.received += 1
                message.first_received = message.first_received or now
                taken.append(message)
        return taken

    def named(self, handle: str) -> str:
        """The message id in a receipt handle. Raises ValueError when it is none."""
        return b64decode(handle.encode(), validate=True).decode().rpartition("|")[0]


class EventBus:
    """Every queue of the fleet. `muted` while a journal is replayed: those events were sent before."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.queues: list[Queue] = []
        self.muted = False

    def announce(self, arn: str, kind: str, detail: dict[str, Any], at: datetime) -> None:
        """Send one event about a resource's ARN to every queue whose rule matches; faults may interfere."""
        _, _, _, region, account, resource = arn.split(":", 5)
        queues = [] if self.muted else [queue for queue in self.queues if queue.takes(account, region)]
        if not queues:
            return
        struck = self.faults.on_event(account, region, resource.partition("/")[2])
        kinds = {rule.kind for rule in struck}
        if "event-lost" in kinds:
            return
        late = timedelta(seconds=sum(rule.seconds for rule in struck if rule.kind == "event-late"))
        body = json.dumps(_event(arn, region, account, kind, detail, at))
        for queue in queues:
            for _ in range(2 if "event-duplicate" in kinds else 1):
                queue.put(body, at, at + late)


def _event(
    arn: str, region: str, account: str, kind: str, detail: dict[str, Any], at: datetime
) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": f"SageMaker {kind} State Change",
        "source": "aws.sagemaker",
        "account": account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }


def spelled(status: str) -> str:
    """A status as events spell it: InService is IN_SERVICE."""
    return WORD.sub("_", status).upper()


def millis(at: datetime) -> float:
    """Epoch milliseconds, as events carry times."""
    return float(int(at.timestamp() * 1000))


def announce(endpoint: Endpoint, region: Region, at: datetime) -> None:
    """Send the endpoint's present status to the event bus."""
    if not region.bus.queues:
        return
    detail = {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "EndpointConfigName": endpoint.config_name,
        "ProductionVariants": [
            {"DesiredWeight": v.desired_weight, "DesiredInstanceCount": float(v.desired.instances)}
            for v in endpoint.variants
        ],
        "EndpointStatus": spelled(endpoint.status),
        "CreationTime": millis(endpoint.created),
        "LastModifiedTime": millis(endpoint.modified),
        "Tags": dict(region.tags.get(endpoint.arn, {})),
    }
    region.bus.announce(endpoint.arn, "Endpoint", detail, at)
