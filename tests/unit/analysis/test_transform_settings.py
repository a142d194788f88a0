"""Each hint stands for one documented limit or advice, and stays away from settings that are fine."""

from typing import Any

import pytest

from fleet.analysis.transform_settings import hints

FINE: dict[str, Any] = {
    "MaxPayloadInMB": 6,
    "MaxConcurrentTransforms": 4,
    "BatchStrategy": "MultiRecord",
    "TransformInput": {
        "SplitType": "Line",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
    },
    "TransformResources": {"InstanceCount": 2},
    "ModelClientConfig": {"InvocationsTimeoutInSeconds": 600},
}
ONE_OBJECT = {
    "SplitType": "Line",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/data.csv"}},
}


def test_good_settings_have_no_hint() -> None:
    assert hints(FINE, 4) == []
    assert hints({}, 4) == []


@pytest.mark.parametrize(
    ("changed", "setting"),
    [
        ({"MaxPayloadInMB": 101, "MaxConcurrentTransforms": None}, "MaxPayloadInMB"),
        ({"MaxPayloadInMB": 26}, "MaxPayloadInMB"),
        ({"TransformInput": {}}, "BatchStrategy"),
        ({"TransformInput": {"SplitType": "None"}}, "BatchStrategy"),
        ({"MaxConcurrentTransforms": 1}, "MaxConcurrentTransforms"),
        ({"TransformInput": ONE_OBJECT}, "InstanceCount"),
        ({"ModelClientConfig": {"InvocationsTimeoutInSeconds": 3600}}, "InvocationsTimeoutInSeconds"),
    ],
)
def test_one_setting_gives_one_hint_with_its_source(changed: dict[str, Any], setting: str) -> None:
    (hint,) = hints({**FINE, **changed}, 4)
    assert hint.setting == setting
    assert hint.advice
    assert hint.source


@pytest.mark.parametrize(
    ("changed", "vcpus"),
    [
        ({"MaxPayloadInMB": 25}, 4),  # exactly 100 MB together
        ({"BatchStrategy": "SingleRecord", "TransformInput": {}}, 4),
        ({"MaxConcurrentTransforms": 1}, 1),
        ({"MaxConcurrentTransforms": 1}, None),
        ({"MaxConcurrentTransforms": 0}, 4),  # the container is asked
        ({"TransformInput": ONE_OBJECT, "TransformResources": {"InstanceCount": 1}}, 4),
    ],
)
def test_what_is_allowed_or_unknown_is_no_hint(changed: dict[str, Any], vcpus: int | None) -> None:
    assert hints({**FINE, **changed}, vcpus) == []
