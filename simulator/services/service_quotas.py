"""Service Quotas: the sagemaker quotas that endpoints live under."""

from __future__ import annotations

import hashlib
from typing import Any

from simulator.call import Action, Call
from simulator.errors import ServiceError
from simulator.paging import page
from simulator.quotas import (
    ENDPOINT_CONCURRENCY,
    ENDPOINTS,
    MAX_CONCURRENCY,
    SERVERLESS_ENDPOINTS,
    instance_quota_name,
    quota,
)

DEFAULT_PAGE = 100


def _names(call: Call) -> list[str]:
    types = {
        variant.capacity.instance_type
        for endpoint in call.region.endpoints.values()
        for variant in endpoint.variants
        if variant.capacity.instance_type
    }
    types |= {"ml.c5.large", "ml.c5.xlarge", "ml.m5.large", "ml.m5.xlarge", "ml.g5.xlarge"}
    fixed = [ENDPOINT_CONCURRENCY, SERVERLESS_ENDPOINTS, MAX_CONCURRENCY, ENDPOINTS]
    extra = [name for name in call.region.quotas if name not in fixed]
    return fixed + sorted({*(instance_quota_name(kind) for kind in types), *extra})


def _document(call: Call, name: str) -> dict[str, Any]:
    place = f"arn:{call.region.partition}:servicequotas:{call.region.name}:{call.region.account_id}"
    code = f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"{place}:sagemaker/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": quota(call.region, name),
        "Unit": "None",
        "Adjustable": name != MAX_CONCURRENCY,
        "GlobalQuota": False,
    }


def list_service_quotas(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListServiceQuotas."""
    _check_service(params)
    rows = [_document(call, name) for name in _names(call)]
    wanted = params.get("QuotaCode")
    rows = [row for row in rows if wanted in (None, row["QuotaCode"])]
    size = params.get("MaxResults", DEFAULT_PAGE)
    shown, token = page(rows, params.get("NextToken"), size, "InvalidPaginationTokenException")
    return {"NextToken": token, "Quotas": shown}


def get_service_quota(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """GetServiceQuota."""
    _check_service(params)
    for name in _names(call):
        document = _document(call, name)
        if document["QuotaCode"] == params["QuotaCode"]:
            return {"Quota": document}
    raise ServiceError(
        "NoSuchResourceException", "The request failed because the specified quota does not exist."
    )


def _check_service(params: dict[str, Any]) -> None:
    if params["ServiceCode"] != "sagemaker":
        raise ServiceError(
            "NoSuchResourceException", "The request failed because the specified service does not exist."
        )


ACTIONS: dict[str, Action] = {"ListServiceQuotas": list_service_quotas, "GetServiceQuota": get_service_quota}
