"""The Alerts pages: list and incident, acknowledging, rules, the delivery log."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.alerts.evaluate import evaluate
from fleet.models import AlertRule, AuditEntry, FineBucket, Incident, Notification, User
from fleet.queries import alerts as queries
from fleet.queries.scope import ScopeFilter
from tests.data.alerts.fleet import fill, make_endpoint, make_shard, minutes, person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def incident() -> Incident:
    """An open saturation incident of the present minute, mailed to ana (operator)."""
    now = timezone.now().replace(second=0, microsecond=0)
    person("ana")
    variant = make_endpoint(make_shard(at=now), "fraud-score", status_since=now)
    fill(variant, now - minutes(15), 10, concurrency_utilization_max=0.5, invocations=600, errors_4xx=0)
    fill(variant, now - minutes(5), 5, concurrency_utilization_max=1.0, invocations=640, errors_4xx=17)
    evaluate(now=now)
    return Incident.objects.get(rule__key="serverless-full")


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.filter(role=role).first() or person(f"the-{role}", role))
    return client


def body(client: Client, name: str, *args: Any) -> str:
    response = client.get(reverse(name, args=args))
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_list_says_who_is_needed_and_the_incident_shows_the_facts_of_its_mail(incident: Incident) -> None:
    client = signed_in("operator")
    html = body(client, "alerts:page")
    assert "1 critical; one has nobody on it." in html
    page = body(client, "alerts:detail", incident.pk)
    mail = Notification.objects.get(incident=incident)
    for label, value in incident.facts:
        assert f"<dt>{label}</dt><dd>{value}</dd>" in page
        assert f"{label}: {value}" in mail.text
    assert "Mail to ana@example.com" in page


@pytest.mark.parametrize(
    ("rule", "words", "tail"),
    [
        ("serverless-full", "Open endpoint", "/"),
        ("cache-thrash", "Open its cache", "/tab/cache/"),
        ("cold-start-share", "Open its planner", "/planner/"),
    ],
)
def test_an_incident_leads_to_where_its_answer_is(
    incident: Incident, rule: str, words: str, tail: str
) -> None:
    Incident.objects.update(rule=AlertRule.objects.get(key=rule))
    page = body(signed_in("operator"), "alerts:detail", incident.pk)
    assert f'href="/endpoints/{incident.endpoint_id}{tail}">{words}</a>' in page


def test_the_chart_has_the_values_the_limit_and_the_time_past_it(incident: Incident) -> None:
    client = signed_in("viewer")
    figure = client.get(reverse("alerts:chart", args=[incident.pk])).json()
    assert figure["data"][0]["y"] == [50.0] * 10 + [100.0] * 5
    shapes = figure["layout"]["shapes"]
    assert any(shape["type"] == "line" and shape["y0"] == 100 for shape in shapes)
    shade = next(shape for shape in shapes if shape["type"] == "rect")
    assert shade["x0"].startswith(f"{incident.condition_since:%Y-%m-%dT%H:%M}")


def test_opening_the_acknowledge_link_of_a_mail_changes_nothing(incident: Incident) -> None:
    body(signed_in("operator"), "alerts:detail", incident.pk)
    assert Incident.objects.get(pk=incident.pk).acknowledged_at is None


def test_an_operator_acknowledges_with_a_note_and_the_list_says_who(incident: Incident) -> None:
    client = signed_in("operator")
    response = client.post(reverse("alerts:acknowledge", args=[incident.pk]), {"note": "Raising Max to 40"})
    assert response.status_code == 303
    page = body(client, "alerts:detail", incident.pk)
    assert "Acknowledged by ana" in page
    assert "Raising Max to 40" in page
    assert "ana has fraud-score." in page
    assert 'id="acknowledge"' not in page
    assert AuditEntry.objects.get(action="incident.acknowledge").address == "127.0.0.1"


def test_a_second_person_is_told_who_was_first(incident: Incident) -> None:
    signed_in("operator").post(reverse("alerts:acknowledge", args=[incident.pk]))
    response = signed_in("admin").post(reverse("alerts:acknowledge", args=[incident.pk]))
    assert response.status_code == 422
    assert "ana has acknowledged it already." in response.content.decode()


def test_a_viewer_sees_the_button_disabled_with_its_reason(incident: Incident) -> None:
    assert "Needs the role operator; you are signed in as viewer." in body(
        signed_in("viewer"), "alerts:detail", incident.pk
    )


def test_a_resolved_incident_says_why_and_stays_readable(incident: Incident) -> None:
    Incident.objects.update(resolved_at=timezone.now(), resolution="The condition has not held for 10 min.")
    client = signed_in("viewer")
    assert "The condition has not held for 10 min." in body(client, "alerts:detail", incident.pk)
    html = body(client, "alerts:page")
    assert "Nothing needs you." in html
    assert "1 incident resolved in 30 days." in html


def test_an_open_incident_whose_metric_fell_silent_says_since_when(incident: Incident) -> None:
    client = signed_in("viewer")
    assert "No data since" not in body(client, "alerts:detail", incident.pk)
    FineBucket.objects.update(at=F("at") - timedelta(hours=1))
    assert "No data since" in body(client, "alerts:detail", incident.pk)


def test_an_unknown_incident_is_not_found() -> None:
    assert signed_in("viewer").get(reverse("alerts:detail", args=[9])).status_code == 404


def test_every_rule_is_listed_in_words_before_the_first_evaluation() -> None:
    html = body(signed_in("viewer"), "alerts:rules")
    assert "Concurrency in use is at 100 % of max concurrency or above for 5 min" in html
    assert not AlertRule.objects.exists()


def test_an_admin_tunes_a_rule_and_the_audit_keeps_before_and_after() -> None:
    client = signed_in("admin")
    url = reverse("alerts:rule", args=["serverless-full"])
    form = {"threshold_pct": "95", "for_min": "3", "clear_min": "10", "severity": "critical", "enabled": "on"}
    assert client.post(url, form).status_code == 303
    assert AlertRule.objects.get(key="serverless-full").parameters == {
        "threshold_pct": 95,
        "for_min": 3,
        "clear_min": 10,
    }
    entry = AuditEntry.objects.get(action="rule.change")
    assert (entry.before, entry.after) == (
        {"threshold_pct": 100, "for_min": 5},
        {"threshold_pct": 95, "for_min": 3},
    )
    assert client.post(url, form).status_code == 303
    assert AuditEntry.objects.filter(action="rule.change").count() == 1
    assert "at 95 % of max concurrency or above for 3 min" in body(client, "alerts:rules")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("101", "Give a value in 50 – 100 % of max."),
        ("", "Give a number."),
        ("many", "Give a number."),
        ("99.5", "Give a whole number."),
    ],
)
def test_a_number_out_of_bounds_is_refused_beside_its_field(value: str, message: str) -> None:
    form = {
        "threshold_pct": value,
        "for_min": "5",
        "clear_min": "10",
        "severity": "critical",
        "enabled": "on",
    }
    response = signed_in("admin").post(reverse("alerts:rule", args=["serverless-full"]), form)
    assert response.status_code == 422
    html = response.content.decode()
    field = html[html.index('id="field-threshold_pct"') : html.index('id="field-for_min"')]
    assert message in field
    assert not AlertRule.objects.exists()


def test_an_operator_reads_a_rule_but_may_not_change_it() -> None:
    client = signed_in("operator")
    assert "Needs the role admin" in body(client, "alerts:rule", "serverless-full")
    assert client.post(reverse("alerts:rule", args=["serverless-full"]), {}).status_code == 403


def test_the_delivery_log_shows_each_mail_as_sent(incident: Incident) -> None:
    mail = Notification.objects.get(incident=incident)
    Notification.objects.update(state="sent", sent_at=mail.created_at + timedelta(seconds=6), attempts=1)
    client = signed_in("viewer")
    assert mail.subject in body(client, "alerts:deliveries")
    page = body(client, "alerts:delivery", mail.pk)
    assert mail.message_id.strip("<>") in page
    assert "sandbox=" in page
    document = client.get(reverse("alerts:as-sent", args=[mail.pk]))
    assert document.content.decode() == mail.html
    assert document["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "sandbox" in document["Content-Security-Policy"]
    assert document["X-Frame-Options"] == "SAMEORIGIN"
    assert "Accepted by the mail server in 6 s" in body(client, "alerts:detail", incident.pk)


def test_the_log_narrows_to_one_state(incident: Incident) -> None:
    client = signed_in("viewer")
    assert "No mail here" in client.get(reverse("alerts:deliveries"), {"state": "failed"}).content.decode()
    Notification.objects.update(state="failed", error="550 no such user")
    html = client.get(reverse("alerts:deliveries"), {"state": "failed"}).content.decode()
    assert "550 no such user" in html
    assert "1 mail could not be delivered." in html


def test_an_admin_sends_a_test_mail_to_themselves() -> None:
    client = signed_in("admin")
    assert client.post(reverse("alerts:test")).status_code == 303
    assert Notification.objects.get().recipient == "the-admin@example.com"
    User.objects.update(email="")
    client.post(reverse("alerts:test"))
    assert Notification.objects.count() == 1


def test_the_list_swaps_alone_for_htmx(incident: Incident) -> None:
    client = signed_in("viewer")
    headers = {"HX-Request": "true", "HX-Target": "incident-list"}
    html = client.get(reverse("alerts:detail", args=[incident.pk]), headers=headers).content.decode()
    assert html.strip().startswith("<aside")
    assert "fraud-score" in html


def test_criticals_come_first_and_every_incident_is_counted_when_the_list_is_cut() -> None:
    now = timezone.now()
    shard = make_shard(at=now)
    rule = AlertRule.objects.create(key="endpoint-failed", name="Endpoint failed", severity="critical")
    newest_first = [(f"warning-{i}", "warning", i) for i in range(202)]
    newest_first += [(f"critical-{i}", "critical", 500 + i) for i in range(3)]
    Incident.objects.bulk_create(
        Incident(
            rule=rule, subject=name, endpoint=make_endpoint(shard, name).endpoint, severity=severity, title=name,
            opened_at=now - minutes(age), condition_since=now - minutes(age), last_true_at=now,
        )
        for name, severity, age in newest_first
    )  # fmt: skip
    found = queries.incidents(ScopeFilter(), now=now)
    assert [incident.title for incident in found.open[:4]] == [
        "critical-0",
        "critical-1",
        "critical-2",
        "warning-0",
    ]
    assert (len(found.open), found.open_total, found.critical, found.warnings) == (200, 205, 3, 202)
    html = body(signed_in("viewer"), "alerts:page")
    assert "3 critical, 202 warnings; 205 have nobody on them." in html
    assert "205, the first 200 shown" in html
