"""The planner's page: it waits, answers with ranges, holds limits against each other, and leads to the form."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from fleet.models import Endpoint, Operation, PlannedForecast, Prediction
from fleet.planning import forecasts
from tests.data.dashboards import rows
from tests.data.planning import calls

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true", "HX-Target": "planner-answer"}


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(rows.user("operator"))
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    """Forecast from two days of bursts."""
    found = calls.serverless()
    calls.bursts(found, rows.hour() - timedelta(hours=48), 48)
    calls.planned(found)
    return found


def address(of: Endpoint, query: str = "") -> str:
    return reverse("endpoints:planner", args=[of.pk]) + query


def text(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return rows.words(answer.content.decode())


def test_the_first_look_waits_and_polls_until_a_worker_answered(operator: Client) -> None:
    endpoint = calls.serverless()
    calls.bursts(endpoint, rows.hour() - timedelta(hours=30), 30)
    page = operator.get(address(endpoint)).content.decode()
    assert "Working out the forecast" in page
    assert 'hx-trigger="every 5s, poll-now"' in page
    assert "http-equiv" in page, "without JavaScript the page is loaded again"
    assert operator.get(address(endpoint), headers=PART).status_code == 200
    forecasts.work_out(PlannedForecast.objects.get().pk, clock=timezone.now, effort=calls.QUICK)
    settled = operator.get(address(endpoint), headers=PART)
    assert (settled.status_code, "every 5s" in settled.content.decode()) == (286, False)
    assert "Every way" in settled.content.decode()


def test_levels_stand_with_ranges_price_and_how_sure_they_are(operator: Client, endpoint: Endpoint) -> None:
    answer = operator.get(address(endpoint))
    page = rows.words(answer.content.decode())
    assert "Nothing provisioned today: " in page
    assert "4 provisioned" in page
    assert "How sure this is" in page
    assert "AWS nowhere says that it is emitted on cold starts only" in page
    found = {row.name: row for row in answer.context["rows"]}
    assert found["Nothing provisioned"].is_today
    assert found["Nothing provisioned"].spilled == ("all", "")
    assert "provisioned_concurrency=4" in found["4 provisioned"].form_url
    (table, *_) = answer.context["lines"]
    total = sum(float(row[3].replace(",", "")) for row in table.rows)
    assert total == pytest.approx(float(found["Nothing provisioned"].usd), abs=0.02)


def test_it_leads_to_the_form_filled_in_and_the_plan_keeps_what_was_forecast(
    operator: Client, endpoint: Endpoint
) -> None:
    found = {row.name: row for row in operator.get(address(endpoint)).context["rows"]}
    form = operator.get(found["4 provisioned"].form_url)
    fields = form.context["form"]
    sent = {name: str(fields[name].value() or "") for name in fields.fields}
    assert (sent["max_concurrency"], sent["provisioned_concurrency"]) == ("20", "4")
    planned = operator.post(form.request["PATH_INFO"], sent)["Location"]
    assert Prediction.objects.get().operation == Operation.objects.get()
    page = text(operator, planned)
    assert "What the planner forecast" in page
    assert "held against what comes 1, 7 and 14 days after" in page


def test_limits_that_contradict_are_explained_and_wrong_ones_stand_beside_their_field(
    operator: Client, endpoint: Endpoint
) -> None:
    contradiction = text(operator, address(endpoint, "?budget=1&cold=0.001"))
    assert "contradict each other" in contradiction or "Nothing keeps" in contradiction
    page = operator.get(address(endpoint, "?budget=lots&cold=300")).content.decode()
    assert 'id="id_budget_error"' in page
    assert "Enter dollars a month, 0 or more." in page
    assert "Enter a share of calls in percent, 0 to 100." in page
    assert 'value="lots"' in page


def test_what_does_not_pay_is_called_not_worth_it_with_its_price(
    operator: Client, endpoint: Endpoint
) -> None:
    answer = operator.get(address(endpoint, "?worth=0.000001"))
    page = rows.words(answer.content.decode())
    assert "Not worth it" in page
    assert re.search(r"Each cold start avoided would cost \$[\d.,]+ at least", page)
    assert any(row.each.startswith("not worth it") for row in answer.context["rows"])
    dear = operator.get(address(endpoint, "?worth=1000"))
    assert dear.context["choice"].option.top >= 4
    assert not dear.context["choice"].option.is_today


def test_what_is_missing_is_said_and_no_number_given(operator: Client) -> None:
    endpoint = calls.serverless()
    calls.planned(endpoint)
    page = text(operator, address(endpoint))
    assert "No forecast can be stood behind yet" in page
    assert "reported no call in the 14 days" in page
    assert "Every way" not in page
    assert "Only serverless endpoints start cold" in text(
        operator, address(rows.multi_model(rows.shard("eu-west-2"), "mme"))
    )


def test_a_viewer_sees_the_answer_and_why_it_is_not_theirs_to_apply(
    client: Client, endpoint: Endpoint
) -> None:
    assert client.get(address(endpoint)).status_code == 302
    client.force_login(rows.user("viewer"))
    page = client.get(address(endpoint)).content.decode()
    assert "needs the role operator" in page
    assert "change-concurrency" not in page


def test_the_curve_marks_today_and_the_chosen_way(operator: Client, endpoint: Endpoint) -> None:
    payload = operator.get(reverse("endpoints:planner_chart", args=[endpoint.pk]) + "?worth=1000").json()
    traces = {trace["name"]: trace for trace in payload["data"]}
    assert len(traces["Today"]["x"]) == len(traces["Chosen"]["x"]) == 1
    assert traces["Today"]["x"] < traces["Chosen"]["x"]
    assert traces["Today"]["y"] > traces["Chosen"]["y"]


def test_nobody_is_kept_waiting_by_queries(
    operator: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(15):
        operator.get(address(endpoint))


def test_cold_start_pages_lead_here_and_say_the_first_step(operator: Client, endpoint: Endpoint) -> None:
    step = PlannedForecast.objects.get()
    fleet = operator.get(reverse("cold_starts:page")).content.decode()
    assert address(endpoint) in fleet
    assert step.step_usd is not None
    assert "fewer" in rows.words(fleet)
    tab = text(operator, reverse("endpoints:tab", args=[endpoint.pk, "cold-starts"]) + "?range=7d")
    assert "Fewer cold starts: what would it cost?" in tab
    assert "Nothing provisioned today" in tab
