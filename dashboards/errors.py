"""Error pages: what happened, why, what you can do. They need no database, so they work when it is away."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from dashboards.access import RoleNeeded


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: names the role that is needed, when a role was the reason."""
    needed = exception if isinstance(exception, RoleNeeded) else None
    return render(request, "errors/403.html", {"needed": needed}, status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return render(request, "errors/404.html", {"path": request.path}, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500."""
    return render(request, "errors/500.html", status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or old."""
    return render(request, "errors/csrf.html", {"reason": reason}, status=403)
