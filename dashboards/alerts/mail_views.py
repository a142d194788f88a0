"""The delivery log: every mail, how it went, and the mail itself as it was sent."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from dashboards import access, client, htmx
from dashboards.alerts import words
from dashboards.tables import Page
from fleet import doorbell
from fleet.alerts import deliver
from fleet.models import Notification
from fleet.queries import alerts as queries

MAIL_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""For the mail document alone: mails carry inlined styles; scripts, pictures and forms stay forbidden."""


@require_GET
def deliveries(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Every mail, newest first; ?state= narrows to one state."""
    wanted = request.GET.get("state", "")
    state = wanted if wanted in Notification.State.values else ""
    found = queries.deliveries(state)
    page = Page.read(request.GET, found.count())
    context = {
        "mails": list(found[page.offset : page.offset + page.size]),
        "page": page,
        "state": state,
        "states": Notification.State.choices,
        "waiting": queries.waiting_mails(),
        "failed": queries.deliveries(Notification.State.FAILED).count(),
        "tabs": words.tabs("deliveries", sum(queries.open_by_rule().values())),
    }
    return htmx.page(request, "pages/alerts/deliveries.html", context)


@require_GET
def delivery(request: htmx.HtmxHttpRequest, pk: int) -> HttpResponse:
    """One mail: its headers, how it went, text and HTML."""
    mail = access.notification_for(request, pk)
    headers = deliver.message(mail).message()
    names = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted")
    context = {
        "mail": mail,
        "headers": [
            (name, mail.subject if name == "Subject" else str(headers[name]))
            for name in names
            if headers[name]
        ],
    }
    return htmx.page(request, "pages/alerts/delivery.html", context)


@require_GET
@xframe_options_sameorigin
def as_sent(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML of one mail as a document of its own, for the frame on the mail's page."""
    response = HttpResponse(access.notification_for(request, pk).html)
    response["Cache-Control"] = "private, no-store"
    response["Content-Security-Policy"] = MAIL_CSP
    return response


@require_POST
@access.require_role("admin")
def send_test(request: htmx.HtmxHttpRequest) -> HttpResponse:
    """Queue a mail to oneself."""
    if not request.user.email:
        messages.error(request, "You have no mail address; add one in Settings first.")
        return htmx.redirect(request, "alerts:deliveries")
    mail = deliver.queue_trial(request.user, now=timezone.now(), address=client.address(request))
    doorbell.ring_after_commit("fleet.deliver_notifications")
    messages.success(request, f"A test mail to {mail.recipient} is on its way.")
    return htmx.redirect(request, "alerts:delivery", mail.pk)
