"""Clients and calls: one client per region and service for all accounts, signed with the role of the scope asked.

A session per scope would cost about 20 MB each, a client per scope 0.4 MB and 10 ms of CPU; thousands of scopes share
these few. The endpoint is AWS's unless botocore's own AWS_ENDPOINT_URL is set.
"""

import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextvars import ContextVar, copy_context
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import botocore
import botocore.session
from botocore.config import Config
from botocore.hooks import BaseEventHooks
from botocore.utils import parse_timestamp

from fleet.aws import meter, metric_wire, pace, roles, unknown
from fleet.aws.errors import OUTLIVED_CODES, endless, incomplete, translating
from fleet.errors import AwsError, CredentialsInvalid
from fleet.types import AwsScope

MAX_CLIENTS = 256
CONNECTIONS = 64
THREADS = 8
MAX_PAGES = 10_000
ROLE_SESSION_NAME = "flotilla"
# As long as botocore's own it would be put together anew for each request, a tenth of what a call costs.
USER_AGENT = f"flotilla Botocore/{botocore.__version__}"

Item = TypeVar("Item")
Result = TypeVar("Result")
Slot = tuple[str, str, bool]

_IAM_PREFIXES = {"resourcegroupstaggingapi": "tag", "service-quotas": "servicequotas"}
# Calls whose permission has a name of its own (Service Authorization Reference, read 2026-11-21).
_IAM_NAMES = {("s3", "list_objects_v2"): "s3:ListBucket"}

# Calls that IAM knows by another name.
_ALLOWED_AS = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}

_lock = threading.RLock()
_clients: "OrderedDict[Slot, Any]" = OrderedDict()
_sessions: dict[tuple[str, bool], botocore.session.Session] = {}
_asked: ContextVar[AwsScope] = ContextVar("flotilla_scope_asked")


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
    answers: list[Future[Result | AwsError]] = [Future() for _ in items]
    todo = deque(zip(items, answers, strict=True))

    def drain() -> None:
        while todo:
            try:
                item, answer = todo.popleft()
            except IndexError:
                return
            try:
                answer.set_result(attempt(item))
            finally:
                answer.cancel()

    at_work = [_pool(os.getpid()).submit(copy_context().run, drain) for _ in items[:threads]]
    try:
        for item, answer in zip(items, answers, strict=True):
            yield item, _result(answer, at_work)
    finally:
        todo.clear()
        wait(at_work)


def _result(answer: "Future[Result | AwsError]", at_work: "Iterable[Future[None]]") -> Result | AwsError:
    """The answer, or the error of ours that ended the thread which was to bring it."""
    try:
        return answer.result()
    except CancelledError:
        for work in at_work:
            work.result()
        raise


@cache
def _pool(pid: int) -> ThreadPoolExecutor:
    """This process's threads for calls, one pool for all scopes; a forked child has a pid, and threads, of its own."""
    return ThreadPoolExecutor(max_workers=CONNECTIONS, thread_name_prefix="aws")


def iam_action(service: str, operation: str) -> str:
    """("sagemaker", "list_endpoints") → "sagemaker:ListEndpoints"."""
    if (service, operation) in _IAM_NAMES:
        return _IAM_NAMES[service, operation]
    name = "".join(part.title() for part in operation.split("_"))
    action = f"{_IAM_PREFIXES.get(service, service)}:{name}"
    return _ALLOWED_AS.get(action, action)


def reset() -> None:
    """Forget every client and assumed role, for instance after the environment changed."""
    with _lock:
        _clients.clear()
        _sessions.clear()
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
    before = _asked.set(scope)
    try:
        with translating(scope, action):
            send = getattr(_client(scope, service), operation)
            if keys is None:
                answer: dict[str, Any] = send(**parameters)
            else:
                with roles.signing(keys):
                    answer = send(**parameters)
    finally:
        _asked.reset(before)
    if expect and expect not in answer:
        raise incomplete(scope, action, expect, answer.get("ResponseMetadata", {}).get("RequestId", ""))
    return answer


def _client(scope: AwsScope, service: str) -> Any:
    slot = (scope.region, service, bool(scope.role_arn))
    with _lock:
        client = _clients.get(slot)
        if client is None:
            client = _clients[slot] = _new_client(*slot)
            while len(_clients) > MAX_CLIENTS:
                _clients.popitem(last=False)
        _clients.move_to_end(slot)
        return client


def _new_client(region: str, service: str, is_for_roles: bool) -> Any:
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        # Not adaptive: that would slow down every account of the client for the one that is throttled.
        retries={"mode": "standard"},
        max_pool_connections=CONNECTIONS,
        # GetMetricData's 500 queries cost more to check than to send; they come from our own catalogue.
        parameter_validation=service != "cloudwatch",
        user_agent=USER_AGENT,
    )
    return _session(service, is_for_roles).create_client(service, region_name=region, config=config)


def _session(service: str, is_for_roles: bool) -> botocore.session.Session:
    """The shared session; CloudWatch has its own, since a timestamp parser holds for a whole session."""
    slot = ("cloudwatch" if service == "cloudwatch" else "general", is_for_roles)
    with _lock:
        if slot not in _sessions:
            session = botocore.session.Session()
            if _sessions:
                # Service models are most of what a session weighs.
                first = next(iter(_sessions.values()))
                session.register_component("data_loader", first.get_component("data_loader"))
            if is_for_roles:
                session.register_component("credential_provider", roles.Provider())
            parser = epoch_seconds if slot[0] == "cloudwatch" else utc_time
            session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=parser)
            meter.install(session.get_component("event_emitter"))
            unknown.install(session.get_component("event_emitter"))
            metric_wire.install(session.get_component("event_emitter"))
            _keep_pace(session.get_component("event_emitter"))
            _sessions[slot] = session
        return _sessions[slot]


def _keep_pace(events: BaseEventHooks) -> None:
    """Have every request, repeated ones included, take its turn in the scope that asks, and hear of throttling."""

    def before_send(event_name: str, **_rest: object) -> None:
        scope, service = _asked.get(), event_name.split(".")[1]
        pace.wait(scope.account_id, scope.region, service)

    def received(event_name: str, parsed_response: dict[str, Any] | None = None, **_rest: object) -> None:
        if meter.is_throttle(parsed_response):
            scope, service = _asked.get(), event_name.split(".")[1]
            pace.throttled(scope.account_id, scope.region, service)

    events.register("before-send", before_send, unique_id="flotilla-pace")
    events.register("response-received", received, unique_id="flotilla-pace-throttled")


def utc_time(value: Any) -> datetime:
    """A timestamp as an aware time in UTC; epoch seconds, which SageMaker sends, without botocore's detours."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return parse_timestamp(value)


def epoch_seconds(value: Any) -> int:
    """A timestamp of any protocol as whole epoch seconds: five times cheaper than aware datetimes in bulk."""
    if isinstance(value, int | float):
        return int(value)
    text = str(value)
    try:
        return int(float(text))
    except ValueError:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _keys(scope: AwsScope) -> roles.Keys | None:
    return roles.keys_of(scope, _assume) if scope.role_arn else None


def _assume(scope: AwsScope) -> roles.Keys:
    own = AwsScope(scope.account_id, scope.region)
    parameters = {"RoleArn": scope.role_arn, "RoleSessionName": ROLE_SESSION_NAME}
    if scope.external_id:
        parameters["ExternalId"] = scope.external_id
    keys = call(own, "sts", "assume_role", expect="Credentials", **parameters)["Credentials"]
    return roles.Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], keys["Expiration"])
