"""Signature Version 4 of a POST to "/", with the derived key kept for the day; botocore derives it for each request.

Source: AWS IAM User Guide, "Create a signed AWS API request" (read 2026-11-21).
"""

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256

from botocore.credentials import ReadOnlyCredentials

_ALGORITHM = "AWS4-HMAC-SHA256"


def authorization(
    keys: ReadOnlyCredentials, region: str, service: str, stamp: str, signed: Mapping[str, str], body: bytes
) -> str:
    """The Authorization header. stamp: X-Amz-Date ("20261121T093000Z").

    signed: values of the headers to sign by name in lower case, in alphabetical order, host and x-amz-date among them.
    """
    names = ";".join(signed)
    lines = "".join([f"{name}:{value}\n" for name, value in signed.items()])
    canonical = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    day = stamp[:8]
    scope = f"{day}/{region}/{service}/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(canonical.encode()).hexdigest()}"
    key = _key(keys.secret_key, day, region, service)
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return f"{_ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


@lru_cache(maxsize=1024)
def _key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def forget() -> None:
    """Drop the derived keys."""
    _key.cache_clear()
