"""An endpoint config's document as a flat list of settings, to compare two of them. Pure."""

from collections.abc import Mapping
from typing import Any

NOT_SETTINGS = frozenset({"EndpointConfigName", "EndpointConfigArn", "CreationTime"})
VARIANTS = ("ProductionVariants", "ShadowProductionVariants")


def settings(document: Mapping[str, Any], *, shadow: str = "shadow ") -> dict[str, Any]:
    """A config document as "variant.field" or "field" → plain value, names and times of the config left out.

    shadow: what stands before the name of a shadow variant.
    """
    flat: dict[str, Any] = {}
    for key, value in document.items():
        if key in VARIANTS:
            prefix = shadow if key == VARIANTS[1] else ""
            for variant in value or ():
                rest = {k: v for k, v in variant.items() if k != "VariantName"}
                flat.update(_flat(f"{prefix}{variant['VariantName']}", rest))
        elif key not in NOT_SETTINGS:
            flat.update(_flat(key, value))
    return flat


def _flat(prefix: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in value.items():
        flat.update(_flat(f"{prefix}.{key}", inner))
    return flat
