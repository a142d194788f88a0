"""What of an endpoint a schedule can set, from the mirror's rows. Reads the database, never AWS."""

from fleet.analysis.scaling_policies import facts
from fleet.models import Endpoint, InferenceComponent, ScalableTarget, VariantStatus
from fleet.operations.schedules import COPIES, INSTANCES, PROVISIONED, HeldPolicy, Spot, from_document
from fleet.types import Kind


def of(endpoint: Endpoint) -> tuple[Spot, ...]:
    """Instances and provisioned concurrency of its variants, then copies of its inference components.

    Up to five queries. A variant without provisioned concurrency counts only where a target is registered for it.
    """
    targets = {
        (target.resource_id, target.dimension): target
        for target in ScalableTarget.objects.filter(endpoint=endpoint).prefetch_related(
            "policies", "scheduled_actions"
        )
    }
    variants = VariantStatus.objects.filter(endpoint=endpoint, removed_at=None, is_shadow=False)
    found = [_of_variant(endpoint, variant, targets) for variant in variants]
    components = InferenceComponent.objects.filter(endpoint=endpoint, removed_at=None)
    found += [_of_component(component, targets) for component in components]
    return tuple(spot for spot in found if spot is not None)


Targets = dict[tuple[str, str], ScalableTarget]


def _of_variant(endpoint: Endpoint, variant: VariantStatus, targets: Targets) -> Spot | None:
    resource = f"endpoint/{endpoint.name}/variant/{variant.name}"
    if variant.memory_mb is not None:
        target = targets.get((resource, PROVISIONED))
        if target is None and not variant.provisioned_concurrency:
            return None
        return _spot(
            resource,
            PROVISIONED,
            variant.name,
            variant.provisioned_concurrency,
            1,
            target,
            variant.max_concurrency,
        )
    if not variant.instance_type:
        return None
    floor = 0 if endpoint.kind == Kind.ASYNCHRONOUS else 1
    target = targets.get((resource, INSTANCES))
    return _spot(
        resource, INSTANCES, variant.name, variant.current_instance_count, floor, target, None, variant
    )


def _of_component(component: InferenceComponent, targets: Targets) -> Spot:
    resource = f"inference-component/{component.name}"
    target = targets.get((resource, COPIES))
    return _spot(resource, COPIES, component.variant_name, component.current_copies, 0, target, None)


def _spot(
    resource: str,
    dimension: str,
    variant: str,
    level: int | None,
    floor: int,
    target: ScalableTarget | None,
    most: int | None,
    machine: VariantStatus | None = None,
) -> Spot:
    held = sorted(target.policies.all(), key=lambda policy: policy.name) if target else []
    actions = (from_document(row.document) for row in target.scheduled_actions.all()) if target else ()
    return Spot(
        resource_id=resource,
        dimension=dimension,
        variant=variant,
        level=level,
        floor=floor,
        most=most,
        minimum=target.min_capacity if target else None,
        maximum=target.max_capacity if target else None,
        policies=tuple(policy.name for policy in held),
        wakes=any(facts.policy(row.name, row.policy_type, row.configuration).wakes for row in held),
        held=tuple(HeldPolicy(row.name, row.policy_type, row.configuration) for row in held),
        actions=tuple(sorted(actions, key=lambda action: action.name)),
        instance_type=machine.instance_type if machine else "",
        volume_gb=machine.volume_gb if machine else None,
    )
