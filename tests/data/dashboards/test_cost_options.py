"""The Options tab of an endpoint and its what-if page, as a reader gets them."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from fleet.models import Container, Endpoint, HostedModel, Operation, Shard
from fleet.types import Kind
from tests.data.dashboards import rows

pytestmark = pytest.mark.django_db
HOURS = 48


@pytest.fixture
def place() -> Shard:
    return rows.shard("us-east-1")


@pytest.fixture
def chat(place: Shard) -> Endpoint:
    """4 GB on demand: 600 s of 1,200 calls in each of the last 48 hours, four at once at most."""
    found = rows.serverless(place, "chat")
    hour = rows.hour()
    for n in range(1, HOURS + 1):
        at = hour - timedelta(hours=n)
        rows.hour_bucket(
            found,
            at,
            invocations=1200.0,
            model_latency_ms_sum=599_400.0,
            concurrency_utilization_max=0.2,
            memory_pct=50.0,
        )
    return found


@pytest.fixture
def reader(client: Client) -> Client:
    client.force_login(rows.user("operator", None))
    return client


def options(client: Client, of: Endpoint, query: str = "") -> str:
    response = client.get(f"/endpoints/{of.pk}/tab/options/{query}")
    assert response.status_code == 200
    return response.content.decode()


def row(html: str, key: str) -> str:
    """The words of one way."""
    found = re.search(rf'<tr id="{re.escape(key)}".*?</tr>', html, re.S)
    assert found is not None, key
    return rows.words(found[0])


def test_every_way_is_listed_with_its_month(reader: Client, chat: Endpoint) -> None:
    # 600 s an hour (599.4 s of latency and half a millisecond of each of 1,200 calls) × 730 = 438,000 s a month:
    # × $0.00008 = $35.04 at 4 GB, $8.76 at 1 GB.
    html = options(reader, chat)
    today = row(html, "today-serverless-4096")
    assert "35.04" in today
    assert "438,000 s × $0.00008 = $35.04" in today
    # Half of 4,096 MB are in use: 1 GB is too small, 2 GB is not.
    assert "17.52" in row(html, "serverless-2048")
    assert "−$17.52" in row(html, "serverless-2048")
    assert 'id="serverless-1024"' not in html
    assert "Serverless, 1 GB: 2,048 MB are in use" in rows.words(html)
    # Four at once, one per 4,096 MB: an ml.c5.large (4,096 MB) runs one, so four of them at $0.102: $297.84.
    assert "297.84" in row(html, "real-time-ml.c5.large")
    assert "peak of 4 at once as observed" in row(html, "real-time-ml.c5.large")
    assert "no other endpoint of the account and region runs its image alone" in rows.words(html)


def test_a_region_without_prices_names_them_and_shows_no_zero(reader: Client) -> None:
    found = rows.serverless(rows.shard("ap-south-1"), "far")
    rows.hour_bucket(found, rows.hour() - timedelta(hours=1), invocations=9.0, model_latency_ms_sum=900.0)
    html = options(reader, found)
    today = row(html, "today-serverless-4096")
    assert "unpriced" in today
    assert "no price for 4096 in ap-south-1" in today
    assert "$0" not in today
    assert "cannot be told" in rows.words(html)


def test_without_traffic_nothing_is_taken_for_zero(reader: Client, place: Shard) -> None:
    html = options(reader, rows.serverless(place, "silent"))
    assert "no data" in row(html, "today-serverless-4096")
    assert "Peak not known" in rows.words(html)


def test_the_break_even_point_stands_under_the_curve(reader: Client, chat: Endpoint) -> None:
    # One ml.c5.large would carry it all were it not for the peak; no other serverless size
    # ever meets today's. Ways on instances do.
    html = options(reader, chat)
    assert "Break-even" in rows.words(html)
    response = reader.get(f"/endpoints/{chat.pk}/chart/options/?range=7d")
    figure = response.json()
    assert figure["layout"]["xaxis"]["title"]["text"] == "Calls an hour"
    today = next(trace for trace in figure["data"] if trace["name"].endswith(", today"))
    at = today["x"].index(1200.0)
    assert today["y"][at] == pytest.approx(35.04)
    assert (today["x"][0], today["y"][0]) == (0, 0)
    assert today["x"][-1] == 6000.0


def test_a_real_time_endpoint_costs_what_ran_and_says_what_serverless_excludes(
    reader: Client, place: Shard
) -> None:
    shape = {"instance_type": "ml.c5.large", "current_instance_count": 2, "desired_instance_count": 2}
    found = rows.endpoint(place, "search", Kind.REAL_TIME, live=shape)
    HostedModel.objects.create(
        shard=place,
        name="search-model",
        arn="arn",
        created_at=rows.now(),
        document={"VpcConfig": {"Subnets": ["subnet-1"]}},
    )
    hour = rows.hour()
    for n in range(1, 25):
        at = hour - timedelta(hours=n)
        # Scaling ran one instance in half of the hours: 36 of 48 instance-hours.
        rows.hour_bucket(
            found,
            at,
            instance_minutes=120.0 if n % 2 else 60.0,
            invocations=60.0,
            model_latency_ms_sum=6000.0,
        )
    html = options(reader, found)
    today = row(html, "today-real-time-ml.c5.large")
    assert "111.69" in today, "1.5 × 730 h × $0.102"
    assert "serverless has no VPC configuration" in rows.words(html)
    assert "Change…" not in html, "no operation leads away from instances"


def test_endpoints_with_the_same_image_could_share_instances(
    reader: Client, place: Shard, chat: Endpoint
) -> None:
    for name in ("chat", "second", "third"):
        if name != "chat":
            rows.serverless(place, name)
        model = HostedModel.objects.create(
            shard=place, name=f"{name}-model", arn=f"arn-{name}", created_at=rows.now()
        )
        Container.objects.create(model=model, position=0, image="111.dkr.ecr/xgboost:1")
    # A peak of four on two at once (8,192 MB): two instances' worth, whoever shares; $0.115 × 2 × 730.
    words = row(options(reader, chat), "shared-ml.m5.large")
    assert "Shared by 3 models" in words
    assert "3 models share evenly" in words


def test_a_viewer_sees_the_ways_and_no_button(client: Client, chat: Endpoint) -> None:
    client.force_login(rows.user("viewer", None))
    html = options(client, chat)
    assert "Change…" not in html
    assert "What if" in html


def what_if(client: Client, of: Endpoint, **values: object) -> str:
    response = client.get(
        f"/endpoints/{of.pk}/what-if/", {name: str(value) for name, value in values.items()}
    )
    assert response.status_code == 200
    return response.content.decode()


SERVERLESS = {"hosting": "serverless", "memory_mb": 4096, "max_concurrency": 20}


def test_what_if_starts_with_what_is_live_and_answers_nothing(reader: Client, chat: Endpoint) -> None:
    html = what_if(reader, chat)
    assert "Change a value and compare" in html
    assert re.search(r'name="max_concurrency"[^>]*value="20"', html)
    assert re.search(r'value="4096" selected', html)


def test_what_if_shows_both_months_line_by_line_and_changes_nothing(reader: Client, chat: Endpoint) -> None:
    words = rows.words(what_if(reader, chat, **{**SERVERLESS, "memory_mb": 2048}))
    assert "−$17.52" in words
    assert "$35.04 → $17.52 a month" in words
    assert "438,000 s × $0.00004" in words
    assert "durations may change" in words
    assert "Make this change" in words
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [({}, "Make this change…"), ({"max_concurrency": 10}, "Change memory first…")],
    ids=["memory alone", "memory and concurrency"],
)
def test_what_if_leads_to_the_form_that_changes_memory(
    reader: Client, chat: Endpoint, asked: dict[str, int], words: str
) -> None:
    html = what_if(reader, chat, **{**SERVERLESS, "memory_mb": 2048, **asked})
    link = re.search(r'href="(/endpoints/\d+/change-memory/\?memory_mb=2048)"', html)
    assert link is not None
    assert words in rows.words(html)
    assert chat.config is not None
    chat.config.document = {"EndpointConfigName": chat.config.name}
    chat.config.save()
    assert 'value="2048" selected' in reader.get(link[1]).content.decode()


def test_what_if_says_what_the_preview_of_the_operation_says(reader: Client, chat: Endpoint) -> None:
    asked = {"max_concurrency": "20", "provisioned_concurrency": "2"}
    html = what_if(reader, chat, **{**SERVERLESS, **asked})
    link = re.search(r'href="(/endpoints/\d+/change-concurrency/\?[^"]*)"', html)
    assert link is not None
    query = parse_qs(urlsplit(link[1].replace("&amp;", "&")).query)
    assert query == {name: [value] for name, value in asked.items()}
    assert chat.config is not None
    chat.config.document = {"EndpointConfigName": chat.config.name}
    chat.config.save()
    change = re.search(r'class="effect-cost[^"]*">(?:<[^>]*>)*([^<]+)', html)
    preview = reader.get(link[1].replace("&amp;", "&")).content.decode()
    assert change is not None
    assert change[1].strip() in rows.words(preview)


def test_a_weekly_schedule_prices_its_hours_and_tells_who_would_be_left_out(
    reader: Client, chat: Endpoint
) -> None:
    asked = {"hosting": "instances", "instance_type": "ml.c5.large", "instance_count": 2}
    words = rows.words(what_if(reader, chat, **asked, days="daily", from_hour=8, to_hour=20))
    assert "2 × 365 h" in words
    assert "$35.04 → $74.46 a month" in words, "730 instance-hours at $0.102"
    assert "50 % of the execution time fell outside these hours" in words
    assert "would have to be deleted" in words
    assert "Make this change" not in words, "no operation sets such a schedule"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({**SERVERLESS, "max_concurrency": 201}, "Enter a whole number from 1 to 200."),
        ({**SERVERLESS, "provisioned_concurrency": 21}, "It cannot be above max concurrency, 20."),
        ({**SERVERLESS, "memory_mb": 1000}, "Memory is 1,024 to 6,144 MB in steps of 1,024."),
        ({"hosting": "serverless"}, "Memory is needed."),
        ({"hosting": "instances", "instance_count": 1}, "Instance type is needed."),
        (
            {"hosting": "instances", "instance_type": "ml.zz9.large", "instance_count": 1},
            "ml.zz9.large has no price",
        ),
        ({"hosting": "instances", "instance_type": "ml.c5.large", "instance_count": 0}, "from 1 to 100"),
        ({**SERVERLESS, "days": "daily", "from_hour": 8}, "A schedule needs both hours."),
        ({**SERVERLESS, "days": "daily", "from_hour": 8, "to_hour": 8}, "is never on or always"),
        ({"hosting": "<b>"}, "Select a valid choice"),
    ],
)
def test_wrong_values_are_named_beside_their_fields(
    reader: Client, chat: Endpoint, values: dict[str, str | int], said: str
) -> None:
    html = what_if(reader, chat, **values)
    assert said in rows.words(html)
    assert "Correct the fields that are marked" in html
    assert "What it costs" not in html


def test_a_stranger_signs_in_first(client: Client, chat: Endpoint) -> None:
    assert client.get(f"/endpoints/{chat.pk}/what-if/").status_code == 302


def test_an_endpoint_that_was_never_described_has_nothing_to_compare(reader: Client, place: Shard) -> None:
    found = rows.endpoint(place, "dark", Kind.UNKNOWN)
    assert "has not been described yet" in options(reader, found)
    assert "has not been described yet" in what_if(reader, found)
