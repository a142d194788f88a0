"""Clients: one per region and service for all accounts, each request signed with the role of the scope asked.

A session per scope would cost about 20 MB each, a client per scope 0.4 MB and 10 ms of CPU; thousands of scopes share
these few. The endpoint is AWS's unless botocore's own AWS_ENDPOINT_URL is set.
"""

import threading
from collections import OrderedDict
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.hooks import BaseEventHooks
from botocore.utils import parse_timestamp

from fleet.aws import meter, metric_wire, pace, roles, unknown
from fleet.types import AwsScope

MAX_CLIENTS = 256
CONNECTIONS = 64
# As long as botocore's own it would be put together anew for each request, a tenth of what a call costs.
USER_AGENT = f"flotilla Botocore/{botocore.__version__}"

Slot = tuple[str, str, bool, bool]

_lock = threading.RLock()
_clients: "OrderedDict[Slot, Any]" = OrderedDict()
_sessions: dict[tuple[str, bool], botocore.session.Session] = {}

asked: ContextVar[AwsScope] = ContextVar("flotilla_scope_asked")
"""The scope that the request under way is for."""


def client(scope: AwsScope, service: str, *, is_for_reads: bool = False) -> Any:
    """The client for the scope's region and kind of credentials, made when there is none.

    is_for_reads: one that takes parameters as they are. Those of reads are our own, names that AWS listed, or checked
    by AWS itself; looking each of them up in the service model cost a thirtieth of a call.
    """
    slot = (scope.region, service, bool(scope.role_arn), is_for_reads or service == "cloudwatch")
    with _lock:
        found = _clients.get(slot)
        if found is None:
            found = _clients[slot] = _new_client(*slot)
            while len(_clients) > MAX_CLIENTS:
                _clients.popitem(last=False)
        _clients.move_to_end(slot)
        return found


def reset() -> None:
    """Forget every client."""
    with _lock:
        _clients.clear()
        _sessions.clear()


def _new_client(region: str, service: str, is_for_roles: bool, is_for_reads: bool) -> Any:
    config = Config(
        connect_timeout=5,
        read_timeout=30,
        # Not adaptive: that would slow down every account of the client for the one that is throttled.
        retries={"mode": "standard"},
        max_pool_connections=CONNECTIONS,
        # GetMetricData's 500 queries cost more to check than to send; they come from our own catalogue.
        parameter_validation=not is_for_reads,
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
        scope, service = asked.get(), event_name.split(".")[1]
        pace.wait(scope.account_id, scope.region, service)

    def received(event_name: str, parsed_response: dict[str, Any] | None = None, **_rest: object) -> None:
        if meter.is_throttle(parsed_response):
            scope, service = asked.get(), event_name.split(".")[1]
            pace.throttled(scope.account_id, scope.region, service)

    events.register("before-send", before_send, unique_id="flotilla-pace")
    events.register("response-received", received, unique_id="flotilla-pace-throttled")


def utc_time(value: Any) -> datetime:
    """A timestamp as an aware time in UTC; epoch seconds, which SageMaker sends, without botocore's detours."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    parsed: datetime = parse_timestamp(value)
    return parsed


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
