"""Browsers ask for /favicon.ico on their own, on error pages above all; the picture is an SVG static file."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseRedirect
from django.templatetags.static import static
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def favicon(request: HttpRequest) -> HttpResponseRedirect:
    """Where the picture is."""
    return HttpResponseRedirect(static("icons/favicon.svg"))
