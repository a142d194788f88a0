"""Fields of AWS's answers that the installed SDK does not know: botocore's parser drops them, this brings them back.

Only for the describe calls whose documents the mirror keeps, all of them JSON.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from botocore.hooks import HierarchicalEmitter
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

KEY = "UnknownFields"
"""Where the paths stand in an answer that has such fields; their values stand where AWS put them."""

OPERATIONS = ("DescribeEndpoint", "DescribeEndpointConfig", "DescribeModel", "DescribeInferenceComponent")


def install(emitter: HierarchicalEmitter) -> None:
    """Look at each answer of OPERATIONS on every client of the session."""
    for operation in OPERATIONS:
        emitter.register_last(f"after-call.sagemaker.{operation}", _keep)


def taken(document: dict[str, Any]) -> list[str]:
    """The paths of unknown fields, taken out of a document; their values stay."""
    return list(document.pop(KEY, ()))


def restore(shape: Shape | None, raw: Any, parsed: Any, path: str = "") -> Iterator[str]:
    """Copy into `parsed` each member of the raw answer that its shape lacks, and yield the paths of those.

    Paths name list items by position: "ProductionVariants[0].NewField".
    """
    if isinstance(shape, StructureShape) and isinstance(raw, Mapping) and isinstance(parsed, dict):
        for key, value in raw.items():
            here = f"{path}.{key}" if path else key
            if key in shape.members:
                yield from restore(shape.members[key], value, parsed.get(key), here)
            elif key != "__type" and value is not None:
                parsed[key] = value
                yield here
    elif isinstance(shape, ListShape) and isinstance(raw, list) and isinstance(parsed, list):
        for position, (value, kept) in enumerate(zip(raw, parsed, strict=False)):
            yield from restore(shape.member, value, kept, f"{path}[{position}]")
    elif isinstance(shape, MapShape) and isinstance(raw, Mapping) and isinstance(parsed, dict):
        for key, value in raw.items():
            yield from restore(shape.value, value, parsed.get(key), f"{path}.{key}")


def _keep(http_response: Any, parsed: dict[str, Any], model: OperationModel, **_: Any) -> None:
    if http_response.status_code >= 300:
        return
    try:
        raw = json.loads(http_response.content)
    except ValueError:
        # A body that is no JSON is the parser's business; it has answered already.
        return
    found = list(restore(model.output_shape, raw, parsed))
    if found:
        parsed[KEY] = found
