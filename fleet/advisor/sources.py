"""Public sources that rules rest on: page, and when it was read or dates from."""

_GUIDE = "Amazon SageMaker AI developer guide, “{}”{}, read November 2026"


def _page(title: str, name: str = "") -> str:
    return _GUIDE.format(title, f" ({name})" if name else "")


GUIDE_SERVERLESS = _page("Deploy models with Amazon SageMaker Serverless Inference", "serverless-endpoints")
GUIDE_SERVERLESS_METRICS = _page(
    "Alarms and logs for serverless endpoints", "serverless-endpoints-monitoring"
)
GUIDE_SERVERLESS_UPDATE = _page("Update a serverless endpoint", "serverless-endpoints-update")
GUIDE_SERVERLESS_INVOKE = _page("Invoke a serverless endpoint", "serverless-endpoints-invoke")
GUIDE_WARMTH = _page(
    "Autoscale provisioned concurrency for a serverless endpoint", "serverless-endpoints-autoscale"
)
GUIDE_HOSTING_FAQ = _page("Model hosting FAQs")
GUIDE_COSTS = _page("Inference cost optimization best practices")
GUIDE_MULTI_MODEL = _page("Multi-model endpoints")
GUIDE_MULTI_MODEL_INSTANCES = _page("Instance recommendations for multi-model endpoint deployments")
GUIDE_MULTI_MODEL_METRICS = _page(
    "CloudWatch metrics for multi-model endpoint deployments", "multi-model-endpoint-cloudwatch-metrics"
)
GUIDE_MULTI_MODEL_CACHING = _page(
    "Set SageMaker AI multi-model endpoint model caching behavior", "multi-model-caching"
)
GUIDE_MULTI_CONTAINER = _page("Multi-container endpoints")
GUIDE_MULTI_CONTAINER_DIRECT = (
    "Amazon SageMaker developer guide, “Use multi-container endpoint with direct invocation” "
    "(multi-container-direct), July 2022"
)
GUIDE_MULTI_CONTAINER_SCALING = _page("Autoscale multi-container endpoints")
GUIDE_PIPELINES = _page("Inference pipelines")
GUIDE_ASYNC = _page("Asynchronous inference")
GUIDE_ASYNC_INVOKE = _page("Invoke an asynchronous endpoint", "async-inference-invoke-endpoint")
GUIDE_ASYNC_SCALING = _page("Autoscale an asynchronous endpoint", "async-inference-autoscale")
GUIDE_ASYNC_METRICS = _page("Monitor asynchronous endpoint", "async-inference-monitor")
GUIDE_BATCH = _page("Batch transform")
GUIDE_SCALING = _page("Automatic scaling of SageMaker AI models")
GUIDE_METRICS = _page("Metrics for monitoring with CloudWatch", "monitoring-cloudwatch")
GUIDE_GUARDRAILS = _page("Deployment guardrails", "deployment-guardrails")
GUIDE_GUARDRAIL_EXCLUSIONS = _page("Exclusions of deployment guardrails", "deployment-guardrails-exclusions")
GUIDE_RECOMMENDER = _page("Amazon SageMaker Inference Recommender")
GUIDE_NEO = _page("Model performance optimization with SageMaker Neo")
PRICING_PLANS = (
    "Amazon SageMaker Savings Plans, as told by “Inference cost optimization best practices”, November 2026"
)
BLOG_PATTERNS = (
    "AWS Machine Learning Blog, “Model hosting patterns in Amazon SageMaker, Part 1: Common design patterns "
    "for building ML applications on Amazon SageMaker”"
)
API_ENDPOINT = "Amazon SageMaker API reference, UpdateEndpoint and DescribeEndpoint (botocore 1.44.5)"
