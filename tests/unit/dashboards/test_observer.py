"""Every cadence has its words: how often a variant is read, and why."""

import pytest

from dashboards.sync.observer import EVERY, LABEL, REASON, cadence
from fleet.models import VariantStatus


@pytest.mark.parametrize("why", VariantStatus.Cadence.values)
def test_a_variants_cadence_is_said_with_its_reason(why: str) -> None:
    words = cadence(VariantStatus(metrics_why=why))
    assert words.startswith(("each", "once"))
    assert ": " in words
    assert LABEL[why]


def test_every_reason_to_ask_is_labelled() -> None:
    assert set(LABEL) == set(EVERY) == set(REASON)
