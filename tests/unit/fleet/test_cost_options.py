"""What kind of processor an instance type has, by its name."""

import pytest

from fleet.queries.cost_options import processor


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ml.c5.large", "x86"),
        ("ml.m5d.xlarge", "x86"),
        ("ml.c6in.large", "x86"),
        ("ml.c7g.large", "arm"),
        ("ml.m6gd.large", "arm"),
        ("ml.g5.xlarge", "gpu"),
        ("ml.p4d.24xlarge", "gpu"),
        ("ml.inf2.xlarge", "neuron"),
        ("ml.trn1n.32xlarge", "neuron"),
        ("ml.dl1.24xlarge", "gaudi"),
    ],
)
def test_types_are_told_apart_by_what_an_image_must_be_built_for(name: str, kind: str) -> None:
    assert processor(name) == kind
