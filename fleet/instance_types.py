"""What the name of an instance type tells. Pure; what a type costs and holds stands in fleet.costs."""

# Amazon EC2 instance types, accelerated computing: GPU families start with g or p; Inferentia and Trainium have none.
_GPU_FAMILIES = ("ml.g", "ml.p")


def has_gpu(instance_type: str) -> bool:
    """Whether instances of this type have GPUs; True where the type is not known, so that nothing is missed."""
    return not instance_type or instance_type.startswith(_GPU_FAMILIES)
