"""SQS queues that EventBridge fills with SageMaker's state changes, read with the worker's own credentials."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fleet.aws.errors import incomplete
from fleet.aws.sessions import call
from fleet.types import AwsScope

BATCH = 10
"""Most messages in one ReceiveMessage or DeleteMessageBatch (SQS API reference)."""
_URL = re.compile(
    r"https://sqs\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<account>[0-9]{12})/[A-Za-z0-9_-]{1,80}(\.fifo)?"
)


@dataclass(frozen=True)
class Message:
    """One message; `receipt` is what deleting it takes."""

    body: str
    receipt: str


def scope_of(queue_url: str) -> AwsScope:
    """The account and region of a queue. Raises ValueError when this is no URL of an SQS queue."""
    found = _URL.fullmatch(queue_url)
    if found is None:
        raise ValueError(f"{queue_url!r} is not the URL of an SQS queue")
    return AwsScope(found["account"], found["region"])


def receive(queue_url: str, *, wait_s: int) -> list[Message]:
    """Up to ten messages, hidden from other readers for the queue's visibility timeout; waits up to wait_s (0-20)."""
    answer = call(
        scope_of(queue_url),
        "sqs",
        "receive_message",
        QueueUrl=queue_url,
        MaxNumberOfMessages=BATCH,
        WaitTimeSeconds=wait_s,
    )
    # An empty answer has no such key: here its absence is no sign of a truncated body, and nothing is lost by it.
    return [Message(row["Body"], row["ReceiptHandle"]) for row in answer.get("Messages", ())]


def delete(queue_url: str, messages: Sequence[Message]) -> None:
    """Remove messages, ten at most. Raises Unavailable when SQS kept one: it will be delivered again."""
    if not messages:
        return
    scope = scope_of(queue_url)
    entries = [{"Id": str(i), "ReceiptHandle": message.receipt} for i, message in enumerate(messages)]
    answer = call(scope, "sqs", "delete_message_batch", QueueUrl=queue_url, Entries=entries)
    if answer.get("Failed"):
        raise incomplete(scope, "sqs:DeleteMessageBatch", "Successful", "")
