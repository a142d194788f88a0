"""SageMaker endpoint configs (immutable once created) and models."""

from __future__ import annotations

from typing import Any

from simulator.call import Action, Call
from simulator.errors import validation_error
from simulator.events import millis
from simulator.listing import listing
from simulator.services.sagemaker_limits import check_serverless


def create_endpoint_config(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """CreateEndpointConfig."""
    region, name = call.region, params["EndpointConfigName"]
    arn = region.arn(f"endpoint-config/{name}")
    if name in region.configs:
        raise validation_error(f'Cannot create already existing endpoint configuration "{arn}".')
    for variant in params["ProductionVariants"]:
        _check_variant(call, variant)
    kept = {key: value for key, value in params.items() if key != "Tags"}
    region.configs[name] = kept | {"EndpointConfigArn": arn, "CreationTime": call.now}
    region.arns[arn] = arn
    region.tags[arn] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    _announce(call, region.configs[name])
    return {"EndpointConfigArn": arn}


def _announce(call: Call, config: dict[str, Any]) -> None:
    detail = {
        "EndpointConfigName": config["EndpointConfigName"],
        "EndpointConfigArn": config["EndpointConfigArn"],
        "ProductionVariants": config["ProductionVariants"],
        "CreationTime": millis(config["CreationTime"]),
        "Tags": dict(call.region.tags.get(config["EndpointConfigArn"], {})),
    }
    call.region.bus.announce(config["EndpointConfigArn"], "Endpoint Config", detail, call.now)


def _check_variant(call: Call, variant: dict[str, Any]) -> None:
    model = variant.get("ModelName")
    if model is not None and model not in call.region.models:
        raise validation_error(f'Could not find model "{call.region.arn(f"model/{model}")}".')
    serverless = variant.get("ServerlessConfig")
    if serverless is None:
        if not variant.get("InstanceType") and not variant.get("InstancePools"):
            raise validation_error(f"InstanceType is required for variant {variant['VariantName']}.")
        return
    if variant.get("InstanceType") or variant.get("InitialInstanceCount"):
        raise validation_error(
            f"Variant {variant['VariantName']} cannot have both ServerlessConfig and instance settings."
        )
    check_serverless(
        serverless["MemorySizeInMB"],
        serverless["MaxConcurrency"],
        serverless.get("ProvisionedConcurrency", 0),
    )


def describe_endpoint_config(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeEndpointConfig."""
    name = params["EndpointConfigName"]
    config = call.region.configs.get(name)
    if config is None:
        arn = call.region.arn(f"endpoint-config/{name}")
        raise validation_error(f'Could not find endpoint configuration "{arn}".')
    return config


def list_endpoint_configs(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListEndpointConfigs."""
    columns = ("EndpointConfigName", "EndpointConfigArn", "CreationTime")
    rows = [{column: config[column] for column in columns} for config in call.region.configs.values()]
    return listing(rows, params, "EndpointConfigs", name="EndpointConfigName")


def delete_endpoint_config(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteEndpointConfig: AWS deletes a config that is in use without asking; so does this."""
    name = params["EndpointConfigName"]
    arn = call.region.arn(f"endpoint-config/{name}")
    config = call.region.configs.pop(name, None)
    if config is None:
        raise validation_error(f'Could not find endpoint configuration "{arn}".')
    _announce(call, config)
    call.region.tags.pop(arn, None)
    return {}


def create_model(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """CreateModel."""
    region, name = call.region, params["ModelName"]
    arn = region.arn(f"model/{name}")
    if name in region.models:
        raise validation_error(f'Cannot create already existing model "{arn}".')
    kept = {key: value for key, value in params.items() if key != "Tags"}
    region.models[name] = {"EnableNetworkIsolation": False, **kept, "ModelArn": arn, "CreationTime": call.now}
    region.arns[arn] = arn
    region.tags[arn] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", [])}
    return {"ModelArn": arn}


def describe_model(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeModel."""
    name = params["ModelName"]
    model = call.region.models.get(name)
    if model is None:
        raise validation_error(f'Could not find model "{call.region.arn(f"model/{name}")}".')
    return model


def list_models(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """ListModels."""
    columns = ("ModelName", "ModelArn", "CreationTime")
    rows = [{column: model[column] for column in columns} for model in call.region.models.values()]
    return listing(rows, params, "Models", name="ModelName")


def delete_model(call: Call, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteModel."""
    name = params["ModelName"]
    arn = call.region.arn(f"model/{name}")
    if call.region.models.pop(name, None) is None:
        raise validation_error(f'Could not find model "{arn}".')
    call.region.tags.pop(arn, None)
    return {}


ACTIONS: dict[str, Action] = {
    "CreateEndpointConfig": create_endpoint_config,
    "DescribeEndpointConfig": describe_endpoint_config,
    "ListEndpointConfigs": list_endpoint_configs,
    "DeleteEndpointConfig": delete_endpoint_config,
    "CreateModel": create_model,
    "DescribeModel": describe_model,
    "ListModels": list_models,
    "DeleteModel": delete_model,
}
