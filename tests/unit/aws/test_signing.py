"""Our signatures against botocore's own."""

from datetime import datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from fleet.aws import signing

BODY = b'{"EndpointName":"caf\xc3\xa9"}'


@pytest.mark.parametrize("token", ["", "a-session-token=="])
@pytest.mark.parametrize("url", ["https://api.sagemaker.eu-west-1.amazonaws.com/", "http://127.0.0.1:4566/"])
def test_signature_is_the_one_that_botocore_makes(url: str, token: str) -> None:
    keys = ReadOnlyCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token or None)
    request = AWSRequest("POST", url, data=BODY, headers={"X-Amz-Target": "SageMaker.DescribeEndpoint"})
    request.context = {"timestamp": "", "client_region": "eu-west-1"}
    SigV4Auth(keys, "sagemaker", "eu-west-1").add_auth(request)
    stamp = request.headers["X-Amz-Date"]
    assert datetime.strptime(stamp, "%Y%m%dT%H%M%S%z")
    signed = {"host": url.split("/")[2], "x-amz-date": stamp}
    if token:
        signed["x-amz-security-token"] = token
    signed["x-amz-target"] = "SageMaker.DescribeEndpoint"
    for _ in range(2):
        made = signing.authorization(keys, "eu-west-1", "sagemaker", stamp, signed, BODY)
        assert made == request.headers["Authorization"]
