"""Calls: one at a time, page after page, many at once; signed with the role of the scope asked."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from fleet.aws import clients, pace, roles
from fleet.aws.errors import OUTLIVED_CODES, endless, incomplete, translating
from fleet.errors import AwsError, CredentialsInvalid
from fleet.types import AwsScope

THREADS = 8
MAX_PAGES = 10_000
ROLE_SESSION_NAME = "flotilla"

Item = TypeVar("Item")
Result = TypeVar("Result")

_IAM_PREFIXES = {"resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
# Calls whose permission has a name of its own (Service Authorization Reference, read 2026-11-21).
_IAM_NAMES = {("s3", "list_objects_v2"): "s3:ListBucket"}

_READS = ("list_", "describe_", "get_")

# Calls that IAM knows by another name.
_ALLOWED_AS = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}


class _Crash(NamedTuple):
    """What ended a thread of `each`."""

    error: BaseException


def call(
    scope: AwsScope, service: str, operation: str, *, expect: str = "", **parameters: Any
) -> dict[str, Any]:
    """One AWS call; `operation` is botocore's method name. Raises fleet.errors only.

    expect: the key an answer must have; its absence is Unavailable, never "nothing there".
    An assumed role whose token AWS takes no more is assumed again, once.
    """
    keys = _keys(scope)
    try:
        return _call_once(scope, keys, service, operation, expect, parameters)
    except CredentialsInvalid as error:
        if keys is None or error.code not in OUTLIVED_CODES or not roles.forget(scope, keys):
            raise
        return _call_again(scope, service, operation, expect, parameters)


def pages(
    scope: AwsScope,
    service: str,
    operation: str,
    *,
    key: str,
    cursor: str = "NextToken",
    **parameters: Any,
) -> Iterator[dict[str, Any]]:
    """Every item of a paginated listing. Raises Unavailable when a page lacks `key` or a token repeats.

    cursor: the name of the continuation token, in request and answer alike; it is followed until AWS sends none,
    also past empty pages.
    """
    token, seen = "", set()
    for _ in range(MAX_PAGES):
        extra = {cursor: token} if token else {}
        answer = call(scope, service, operation, expect=key, **parameters, **extra)
        yield from answer[key]
        token = str(answer.get(cursor) or "")
        if not token:
            return
        if token in seen:
            break
        seen.add(token)
    raise endless(scope, iam_action(service, operation))


def each(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int = THREADS
) -> Iterator[tuple[Item, Result | AwsError]]:
    """function(item) for all items on a few threads, in order; an AwsError takes the place of its result.

    The threads are lent by the process: `function` must not call `each` itself.
    """

    def attempt(item: Item) -> Result | AwsError:
        try:
            return function(item)
        except AwsError as error:
            return error

    items = list(items)
    if len(items) <= 1:
        yield from ((item, attempt(item)) for item in items)
        return
    todo = deque(enumerate(items))
    # A future per item would cost more than a tenth of what a call does, most of it in locks.
    done: SimpleQueue[tuple[int, Result | AwsError | _Crash]] = SimpleQueue()

    def drain() -> None:
        while todo:
            try:
                place, item = todo.popleft()
            except IndexError:
                return
            try:
                done.put((place, attempt(item)))
            except BaseException as error:
                done.put((place, _Crash(error)))
                raise

    at_work = [_pool(os.getpid()).submit(copy_context().run, drain) for _ in items[:threads]]
    try:
        yield from zip(items, _in_order(done, len(items)), strict=True)
    finally:
        todo.clear()
        wait(at_work)


def _in_order(
    done: "SimpleQueue[tuple[int, Result | AwsError | _Crash]]", count: int
) -> Iterator[Result | AwsError]:
    """The answers by place. Raises the error of ours that ended a thread, as soon as it did."""
    early: dict[int, Result | AwsError] = {}
    for place in range(count):
        while place not in early:
            at, answer = done.get()
            if isinstance(answer, _Crash):
                raise answer.error
            early[at] = answer
        yield early.pop(place)


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """This process's threads for calls, one pool for all scopes; a forked child has a pid, and threads, of its own."""
    return ThreadPoolExecutor(max_workers=clients.CONNECTIONS, thread_name_prefix="aws")


@cache
def iam_action(service: str, operation: str) -> str:
    """("sagemaker", "list_endpoints") → "sagemaker:ListEndpoints"."""
    if (service, operation) in _IAM_NAMES:
        return _IAM_NAMES[service, operation]
    name = "".join(part.title() for part in operation.split("_"))
    action = f"{_IAM_PREFIXES.get(service, service)}:{name}"
    return _ALLOWED_AS.get(action, action)


def reset() -> None:
    """Forget every client, assumed role and pace, for instance after the environment changed."""
    clients.reset()
    roles.reset()
    pace.reset()


def _call_again(
    scope: AwsScope, service: str, operation: str, expect: str, parameters: dict[str, Any]
) -> dict[str, Any]:
    """The call with keys made anew; what refuses these too refuses the role itself, not its old keys."""
    keys = roles.keys_of(scope, _assume)
    try:
        return _call_once(scope, keys, service, operation, expect, parameters)
    except CredentialsInvalid as error:
        if error.code in OUTLIVED_CODES:
            roles.mark(scope, keys)
        raise


def _call_once(
    scope: AwsScope,
    keys: roles.Keys | None,
    service: str,
    operation: str,
    expect: str,
    parameters: dict[str, Any],
) -> dict[str, Any]:
    action = iam_action(service, operation)
    before = clients.asked.set(scope)
    try:
        with translating(scope, action):
            is_read = operation.startswith(_READS)
            send = getattr(clients.client(scope, service, is_for_reads=is_read), operation)
            if keys is None:
                answer: dict[str, Any] = send(**parameters)
            else:
                with roles.signing(keys):
                    answer = send(**parameters)
    finally:
        clients.asked.reset(before)
    if expect and expect not in answer:
        raise incomplete(scope, action, expect, answer.get("ResponseMetadata", {}).get("RequestId", ""))
    return answer


def _keys(scope: AwsScope) -> roles.Keys | None:
    return roles.keys_of(scope, _assume) if scope.role_arn else None


def _assume(scope: AwsScope) -> roles.Keys:
    own = AwsScope(scope.account_id, scope.region)
    parameters = {"RoleArn": scope.role_arn, "RoleSessionName": ROLE_SESSION_NAME}
    if scope.external_id:
        parameters["ExternalId"] = scope.external_id
    keys = call(own, "sts", "assume_role", expect="Credentials", **parameters)["Credentials"]
    return roles.Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], keys["Expiration"])
