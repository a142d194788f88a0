"""The level in AWS's description of a scaling activity; words that are not known give none."""

import pytest

from fleet.sync.scaling_history import level


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("Setting desired instance count to 48.", 48),
        ("Setting desired instance count to 0.", 0),
        ("Setting provisioned concurrency to 12.", 12),
        ("Setting min capacity to 2 and max capacity to 9", None),
        ("Setting min capacity to 2 and max capacity to 9.", None),
        ("Setting desired instance count to 48. Reason unknown", None),
        ("Setting desired instance count to 99999999999.", None),
        ("Setting desired instance count to four.", None),
        ("", None),
    ],
)
def test_a_level_is_read_where_aws_names_it(description: str, wanted: int | None) -> None:
    assert level(description) == wanted
