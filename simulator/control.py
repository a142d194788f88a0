"""The control routes, all starting with an underscore: truth, call counts, faults, clock, reset."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from simulator import bill, fleet, lifecycle
from simulator.holdings import holdings
from simulator.server import json_answer
from simulator.truth import truth

if TYPE_CHECKING:
    from simulator.app import Simulator
    from simulator.server import HttpAnswer, HttpRequest


def is_control(path: str) -> bool:
    """Whether a path is a control route rather than an AWS call."""
    return path.startswith("/_")


def answer_control(simulator: Simulator, request: HttpRequest) -> HttpAnswer:
    """Answer a control route; 400 with a message for a bad document, 404 for an unknown route."""
    url = urlsplit(request.path)
    query = dict(parse_qsl(url.query))
    try:
        document = json.loads(request.body) if request.body else None
        function = ROUTES.get((request.method, url.path))
        if function is None:
            return json_answer({"error": f"no route {request.method} {url.path}"}, 404)
        return json_answer(function(simulator, query, document))
    except (ValueError, KeyError, TypeError, OSError) as error:
        return json_answer({"error": f"{type(error).__name__}: {error}"}, 400)


def _health(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    endpoints = sum(len(region.endpoints) for region in simulator.world.regions())
    return {"status": "ok", "accounts": len(simulator.world.accounts), "endpoints": endpoints}


def _truth(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    now = simulator.clock.now()
    lifecycle.settle(simulator.world, now)
    start, end = (_instant(query[name]) for name in ("start", "end"))
    found = truth(simulator.world, simulator.prices, start, min(end, now))
    if query.get("bill"):
        found["bill"] = bill.document(simulator.world, simulator.prices, start, min(end, now))
    return found


def _holdings(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    lifecycle.settle(simulator.world, simulator.clock.now())
    return holdings(simulator.world)


def _calls(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    return simulator.meter.document()


def _reset_calls(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    simulator.meter.reset()
    return {}


def _list_faults(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    return [rule.document() for rule in simulator.faults.rules]


def _add_faults(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    simulator.faults.add(document if isinstance(document, list) else [document])
    return _list_faults(simulator, query, None)


def _clear_faults(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    simulator.faults.clear()
    return []


def _change_price(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    place = (document["region"], document["kind"], document.get("key", ""))
    simulator.prices.change(*place, Decimal(document["amount"]), document.get("currency", "USD"))
    return {}


def _reset(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    path = (document or {}).get("fleet")
    simulator.restart(Path(path) if path else None)
    return _health(simulator, query, None)


def _fail_next_update(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    found = 0
    for region in simulator.world.regions():
        endpoint = region.endpoints.get(document["endpoint"])
        wanted = (document.get("account", region.account_id), document.get("region", region.name))
        if endpoint is not None and wanted == (region.account_id, region.name):
            reason = document.get("reason") or lifecycle.DEFAULT_REASON.format(
                variant=endpoint.variants[0].name
            )
            endpoint.fail_next.append(reason)
            found += 1
    if not found:
        raise ValueError(f"no endpoint {document['endpoint']!r}")
    simulator.journal.append(simulator.clock.now(), "fail_next_update", document)
    return {"armed": found}


def _add_endpoints(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    entries = document if isinstance(document, list) else [document]
    names = [
        fleet.add_endpoint(simulator.world, single).name
        for entry in entries
        for single in fleet.repeated(entry)
    ]
    simulator.journal.append(simulator.clock.now(), "endpoints", {"entries": entries})
    return {"added": names}


def _clock(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    return {"now": simulator.clock.now().isoformat(), "offset_s": simulator.clock.offset.total_seconds()}


def _set_clock(simulator: Simulator, query: dict[str, str], document: Any) -> Any:
    if "offset_s" in document:
        simulator.clock.offset = timedelta(seconds=float(document["offset_s"]))
    elif "advance_s" in document:
        simulator.clock.offset += timedelta(seconds=float(document["advance_s"]))
    else:
        simulator.clock.offset = _instant(document["now"]) - datetime.now(UTC)
    return _clock(simulator, query, None)


def _instant(text: str) -> datetime:
    parsed = datetime.fromisoformat(text.replace(" ", "+"))
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def replay_control(simulator: Simulator, kind: str, detail: dict[str, Any]) -> None:
    """Repeat a journalled control call while the world is rebuilt."""
    if kind == "endpoints":
        for entry in detail["entries"]:
            for single in fleet.repeated(entry):
                fleet.add_endpoint(simulator.world, single)
    elif kind == "fail_next_update":
        for region in simulator.world.regions():
            if detail["endpoint"] in region.endpoints:
                region.endpoints[detail["endpoint"]].fail_next.append(
                    detail.get("reason") or "simulated failure"
                )


ROUTES = {
    ("GET", "/_health"): _health,
    ("GET", "/_truth"): _truth,
    ("GET", "/_holdings"): _holdings,
    ("GET", "/_calls"): _calls,
    ("DELETE", "/_calls"): _reset_calls,
    ("GET", "/_faults"): _list_faults,
    ("POST", "/_faults"): _add_faults,
    ("DELETE", "/_faults"): _clear_faults,
    ("POST", "/_prices"): _change_price,
    ("POST", "/_reset"): _reset,
    ("POST", "/_fail_next_update"): _fail_next_update,
    ("POST", "/_endpoints"): _add_endpoints,
    ("GET", "/_clock"): _clock,
    ("POST", "/_clock"): _set_clock,
}
