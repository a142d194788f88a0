"""Where a request comes from: the address that lockout counts by and that the audit keeps."""

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """The client's address: REMOTE_ADDR, or behind FLOTILLA_PROXY_HOPS trusted proxies the entry the outermost added.

    Entries further left in X-Forwarded-For are whatever the client wrote and are never believed.
    """
    direct = request.META.get("REMOTE_ADDR", "")
    hops: int = settings.PROXY_HOPS
    if not hops:
        return direct
    entries = [
        entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if entry.strip()
    ]
    return _without_port(entries[-hops]) if len(entries) >= hops else direct


def _without_port(entry: str) -> str:
    """ "192.0.2.7:52100" and "[2001:db8::7]:52100", as some load balancers write it, without port and brackets.

    A port in the address would be a new client to the lockout at each connection.
    """
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    host, _, port = entry.partition(":")
    return host if port.isdigit() else entry
