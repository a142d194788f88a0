"""What a mail says, and that hostile names stay text in it."""

from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve

from fleet.alerts import mails
from fleet.alerts.deliver import message
from fleet.alerts.evaluate import evaluate
from fleet.models import Incident, Notification
from tests.data.alerts.fleet import NOON, fill, make_endpoint, make_shard, minutes, person

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>\r\nBcc: evil@example.com \"'"


class Reader(HTMLParser):
    """The mail as a reader sees it: words, links, tags, and table cells in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: dict[str, str] = {}
        self.tags: list[str] = []
        self.heights: list[int] = []
        self._href = ""
        self._is_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._is_style = tag == "style"
        if tag == "a":
            self._href = found["href"]
        if tag == "td" and found.get("class", "").startswith("fill-"):
            self.heights.append(int(found["height"]))
        assert not [name for name in found if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        if data.strip() and not self._is_style:
            self.words.append(" ".join(data.split()))
            if self._href:
                self.links.setdefault(" ".join(data.split()), self._href)
                self._href = ""

    @property
    def text(self) -> str:
        return " ".join(self.words)


def opened(name: str = "fraud-score", owner: str = "risk") -> Notification:
    person("ana")
    person("ben")
    variant = make_endpoint(make_shard(), name, owner=owner)
    fill(variant, NOON - minutes(15), 10, concurrency_utilization_max=0.5, invocations=600, errors_4xx=0)
    fill(variant, NOON - minutes(5), 5, concurrency_utilization_max=1.0, invocations=640, errors_4xx=17)
    evaluate(now=NOON)
    return Notification.objects.get(recipient="ana@example.com", incident__rule__key="serverless-full")


def test_the_mail_shows_the_facts_of_the_incident_the_bars_and_why_it_came() -> None:
    mail = opened()
    incident = Incident.objects.get(rule__key="serverless-full")
    reader = Reader(mail.html)
    for label, value in incident.facts:
        assert label in reader.text
        assert value in reader.text
        assert f"{label}: {value}" in mail.text
    assert reader.heights == [24] * 10 + [48] * 5
    assert "11:45 – 12:00 UTC. Red is past the limit of 100 %." in reader.text
    assert "Sent to ana and ben by rule Serverless endpoint is full" in reader.text
    assert f"INC-{incident.pk}" in reader.text


def test_the_links_lead_to_pages_that_exist_and_change_nothing_by_themselves() -> None:
    mail = opened()
    reader = Reader(mail.html)
    assert reader.links["Open fraud-score"] in mail.text
    for link in reader.links.values():
        assert link.startswith(f"{settings.BASE_URL}/")
        path = link.removeprefix(settings.BASE_URL).partition("#")[0]
        try:
            resolve(path)
        except Resolver404:
            pytest.fail(f"{path} leads nowhere")
    assert reader.links["Acknowledge"].endswith(f"/alerts/{mail.incident_id}/#acknowledge")


def test_styles_are_inlined_and_nothing_is_fetched_from_elsewhere() -> None:
    mail = opened()
    assert 'style="' in mail.html
    reader = Reader(mail.html)
    assert not {"img", "script", "link", "iframe", "object"} & set(reader.tags)
    assert "url(" not in mail.html


def test_hostile_names_are_text_in_html_and_cannot_add_headers() -> None:
    mail = opened(name=HOSTILE[:63], owner=HOSTILE)
    assert "script" not in Reader(mail.html).tags
    assert "<script>alert(1)</script>" in Reader(mail.html).text
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject
    sent = message(mail).message()
    assert sent["Bcc"] is None
    assert message(mail).recipients() == ["ana@example.com"]


def test_a_subject_stays_one_bounded_line() -> None:
    assert mails.one_line("a\r\nb\tc\x00d  e") == "a b c d e"
    assert len(mails.one_line("x" * 500)) == 180


def test_people_are_listed_as_one_says_it() -> None:
    assert mails.sentence_list(["ana"]) == "ana"
    assert mails.sentence_list(["ana", "ben"]) == "ana and ben"
    assert mails.sentence_list(["ana", "ben", "carla"]) == "ana, ben and carla"
    assert mails.sentence_list(list("abcdef")) == "a, b, c and 3 more"


def test_every_recipient_and_transition_has_a_message_id_of_its_own() -> None:
    ids = {
        mails.message_id(f"incident-1-{t}", r) for t in ("opened", "resolved") for r in ("a@x.org", "b@x.org")
    }
    assert len(ids) == 4
    assert mails.message_id("k", "A@x.org") == mails.message_id("k", "a@x.org")
