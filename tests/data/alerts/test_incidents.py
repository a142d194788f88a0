"""Incidents open once, mails are queued with the transition, acknowledging has one winner."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, connections, transaction

from fleet.alerts import incidents
from fleet.alerts.evaluate import evaluate
from fleet.errors import Refused
from fleet.models import AuditEntry, Incident, Notification, User
from tests.data.alerts.fleet import NOON, fill, make_endpoint, make_shard, minutes, person


def full_endpoint(name: str = "fraud-score") -> None:
    fill(make_endpoint(make_shard(), name), NOON - minutes(5), 5, concurrency_utilization_max=1.0)


@pytest.mark.django_db(transaction=True)
def test_evaluations_at_the_same_time_open_one_incident_and_queue_one_mail() -> None:
    person("ana")
    full_endpoint()

    def run(_: int) -> None:
        try:
            evaluate(now=NOON)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(12)))
    assert Incident.objects.filter(rule__key="serverless-full").count() == 1
    assert Notification.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_evaluation_steps_aside_while_one_runs() -> None:
    full_endpoint()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(7203411)")

        def other() -> bool:
            try:
                return evaluate(now=NOON).ran
            finally:
                connections.close_all()

        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(other).result() is False
    assert evaluate(now=NOON).ran


@pytest.mark.django_db
def test_the_database_refuses_a_second_open_incident_for_a_subject() -> None:
    full_endpoint()
    evaluate(now=NOON)
    incident = Incident.objects.get()
    incident.pk = None
    with pytest.raises(IntegrityError, match="one_open_incident_per_subject"), transaction.atomic():
        incident.save()


@pytest.mark.django_db
def test_mails_go_to_active_people_who_want_them_once_per_address() -> None:
    person("ana")
    person("ben", receives_alerts=False)
    person("carla", is_active=False)
    User.objects.create_user("dora", "", "x")
    User.objects.create_user("ana2", "ANA@example.com", "x")
    full_endpoint()
    evaluate(now=NOON)
    assert [mail.recipient.lower() for mail in Notification.objects.all()] == ["ana@example.com"]


@pytest.mark.django_db
def test_a_rolled_back_transition_leaves_no_mail_behind() -> None:
    person("ana")
    full_endpoint()
    with transaction.atomic():
        evaluate(now=NOON)
        assert Notification.objects.count() == 1
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Incident.objects.exists()


@pytest.mark.django_db
def test_many_openings_at_once_are_one_mail_that_lists_them() -> None:
    person("ana")
    person("ben")
    shard = make_shard()
    for i in range(21):
        make_endpoint(shard, f"node-{i:02d}", status="Failed")
    evaluate(now=NOON)
    assert Incident.objects.count() == 21
    mails = list(Notification.objects.all())
    assert sorted(mail.recipient for mail in mails) == ["ana@example.com", "ben@example.com"]
    assert mails[0].incident is None
    assert (
        mails[0].subject
        == "[critical] 21 incidents opened: node-00 failed, node-01 failed, node-02 failed, …"
    )
    for i in range(21):
        assert f"node-{i:02d} failed" in mails[0].text
        assert f"node-{i:02d} failed" in mails[0].html


@pytest.mark.django_db
def test_twenty_openings_are_twenty_mails() -> None:
    person("ana")
    shard = make_shard()
    for i in range(20):
        make_endpoint(shard, f"node-{i:02d}", status="Failed")
    evaluate(now=NOON)
    assert Notification.objects.count() == 20


@pytest.mark.django_db
def test_acknowledging_records_who_and_why_and_has_one_winner() -> None:
    ana, ben = person("ana"), person("ben")
    full_endpoint()
    evaluate(now=NOON)
    pk = Incident.objects.get().pk
    incidents.acknowledge(pk, actor=ana, note="Raising Max to 40", now=NOON + minutes(4), address="10.0.0.1")
    with pytest.raises(Refused, match="ana has acknowledged it already"):
        incidents.acknowledge(pk, actor=ben, note="mine", now=NOON + minutes(5))
    incidents.acknowledge(pk, actor=ana, note="again", now=NOON + minutes(6))
    incident = Incident.objects.get()
    assert (incident.acknowledged_by, incident.acknowledged_note) == (ana, "Raising Max to 40")
    (entry,) = AuditEntry.objects.filter(action="incident.acknowledge")
    assert (entry.actor, entry.reason, entry.address) == (ana, "Raising Max to 40", "10.0.0.1")


@pytest.mark.django_db
def test_a_viewer_cannot_acknowledge_and_a_resolved_incident_cannot_be_acknowledged() -> None:
    viewer, ana = person("vera", User.Role.VIEWER), person("ana")
    full_endpoint()
    evaluate(now=NOON)
    incident = Incident.objects.get()
    with pytest.raises(Refused, match="role operator"):
        incidents.acknowledge(incident.pk, actor=viewer, note="", now=NOON)
    Incident.objects.update(resolved_at=NOON)
    with pytest.raises(Refused, match="resolved meanwhile"):
        incidents.acknowledge(incident.pk, actor=ana, note="", now=NOON)
    assert not AuditEntry.objects.filter(action="incident.acknowledge").exists()
