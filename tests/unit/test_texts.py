"""Sentences that must fit are cut between words."""

import pytest

from fleet.texts import shortened


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("It fits.", 8, "It fits."),
        ("The update was refused by AWS", 20, "The update was…"),
        ("The update was refused by AWS", 15, "The update was…"),
        ("Four instances, kept for nothing", 16, "Four instances…"),
        ("See arn:aws:sagemaker:eu-west-1:123456789012:endpoint/x", 20, "See arn:aws:sagemak…"),
        ("arn:aws:sagemaker:eu-west-1", 10, "arn:aws:s…"),
    ],
)
def test_a_text_is_cut_between_words_where_that_keeps_most_of_it(
    text: str, longest: int, expected: str
) -> None:
    assert shortened(text, longest) == expected
    assert len(expected) <= longest
