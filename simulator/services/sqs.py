"""SQS standard queues, as far as a reader of events needs them: receive with long polling, delete, attributes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simulator.call import Action, Call
from simulator.errors import ServiceError
from simulator.events import Queue

RECEIVE_LIMIT = 10


def _queue(call: Call, name: str, account_id: str) -> Queue:
    for queue in call.world.bus.queues:
        if (queue.account_id, queue.region, queue.name) == (account_id, call.region.name, name):
            if account_id != call.caller.account.id:
                text = f"Access to the resource {_url(queue)} is denied."
                raise ServiceError("AccessDenied", text, 403, {"__type": "com.amazonaws.sqs#AccessDenied"})
            return queue
    raise ServiceError(
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
        members={"__type": "com.amazonaws.sqs#QueueDoesNotExist"},
    )


def _addressed(call: Call, params: dict[str, Any]) -> Queue:
    parts = params["QueueUrl"].rstrip("/").split("/")
    return _queue(call, parts[-1], parts[-2] if len(parts) > 1 else "")


def _url(queue: Queue) -> str:
    suffix = "amazonaws.com.cn" if queue.arn.startswith("arn:aws-cn:") else "amazonaws.com"
    return f"https://sqs.{queue.region}.{suffix}/{queue.account_id}/{queue.name}"


def receive_message(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ReceiveMessage; the server waits for `WaitTimeSeconds` when there is nothing yet."""
    queue = _addressed(call, params)
    limit = params.get("MaxNumberOfMessages", 1)
    if not 1 <= limit <= RECEIVE_LIMIT:
        reason = "Reason: Must be between 1 and 10, if provided."
        text = f"Value {limit} for parameter MaxNumberOfMessages is invalid. {reason}"
        raise ServiceError("InvalidParameterValue", text)
    visibility_s = params.get("VisibilityTimeout", queue.visibility_s)
    wanted = {*params.get("AttributeNames", []), *params.get("MessageSystemAttributeNames", [])}
    found = []
    for message in queue.receive(limit, visibility_s, call.now):
        document = message.document()
        shown = {k: v for k, v in document["Attributes"].items() if k in wanted or "All" in wanted}
        found.append({**document, "Attributes": shown or None})
    return {"Messages": found or None}


def _delete(queue: Queue, handle: str) -> None:
    try:
        queue.messages.pop(queue.named(handle), None)
    except ValueError as error:
        text = f'The input receipt handle "{handle}" is not a valid receipt handle.'
        raise ServiceError(
            "ReceiptHandleIsInvalid", text, 404, {"__type": "com.amazonaws.sqs#ReceiptHandleIsInvalid"}
        ) from error


def delete_message(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteMessage: a message that is gone already is no error."""
    _delete(_addressed(call, params), params["ReceiptHandle"])
    return {}


def delete_message_batch(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteMessageBatch: each entry succeeds or fails by itself."""
    queue = _addressed(call, params)
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for entry in params["Entries"]:
        try:
            _delete(queue, entry["ReceiptHandle"])
            done.append({"Id": entry["Id"]})
        except ServiceError as error:
            failed.append(
                {"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message}
            )
    return {"Successful": done, "Failed": failed}


def change_message_visibility(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ChangeMessageVisibility: 0 gives the message back at once."""
    queue = _addressed(call, params)
    message = queue.messages.get(queue.named(params["ReceiptHandle"]))
    if message is not None:
        message.visible_at = call.now + timedelta(seconds=params["VisibilityTimeout"])
    return {}


def get_queue_url(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetQueueUrl."""
    owner = params.get("QueueOwnerAWSAccountId", call.caller.account.id)
    return {"QueueUrl": _url(_queue(call, params["QueueName"], owner))}


def get_queue_attributes(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetQueueAttributes: the counts, the ARN and the visibility timeout."""
    queue = _addressed(call, params)
    hidden = [m for m in queue.messages.values() if m.visible_at > call.now]
    values = {
        "QueueArn": queue.arn,
        "ApproximateNumberOfMessages": str(len(queue.messages) - len(hidden)),
        "ApproximateNumberOfMessagesNotVisible": str(sum(1 for m in hidden if m.received)),
        "ApproximateNumberOfMessagesDelayed": str(sum(1 for m in hidden if not m.received)),
        "VisibilityTimeout": str(queue.visibility_s),
        "ReceiveMessageWaitTimeSeconds": "0",
    }
    wanted = params.get("AttributeNames", [])
    return {"Attributes": {k: v for k, v in values.items() if k in wanted or "All" in wanted} or None}


def list_queues(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListQueues of the caller's account and region."""
    place = (call.caller.account.id, call.region.name)
    prefix = params.get("QueueNamePrefix", "")
    mine = [q for q in call.world.bus.queues if (q.account_id, q.region) == place]
    return {"QueueUrls": [_url(q) for q in mine if q.name.startswith(prefix)] or None}


ACTIONS: dict[str, Action] = {
    "ReceiveMessage": receive_message,
    "DeleteMessage": delete_message,
    "DeleteMessageBatch": delete_message_batch,
    "ChangeMessageVisibility": change_message_visibility,
    "GetQueueUrl": get_queue_url,
    "GetQueueAttributes": get_queue_attributes,
    "ListQueues": list_queues,
}
