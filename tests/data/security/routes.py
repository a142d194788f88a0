"""Every route of the product, found by walking the URL resolver, with arguments that name real rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import IntConverter

PUBLIC = frozenset({"healthz", "readyz", "sign-in", "set-up", "favicon"})
"""Routes that answer without a session."""


@dataclass(frozen=True)
class Route:
    """One named pattern; names: its arguments."""

    name: str
    arguments: Mapping[str, Any]

    def url(self, rows: Mapping[str, Any]) -> str:
        """Its address; arguments come from `rows["<route>.<argument>"]`, else `rows["<namespace>.<argument>"]`."""
        family = self.name.partition(":")[0]
        values = {}
        for argument, converter in self.arguments.items():
            keys = (f"{self.name}.{argument}", f"{family}.{argument}")
            found = next((rows[key] for key in keys if key in rows), None)
            values[argument] = (
                found if found is not None else (1 if isinstance(converter, IntConverter) else "x")
            )
        return reverse(self.name, kwargs=values)


def routes() -> list[Route]:
    """Every named route, in the order of the resolver."""
    return list(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Route]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            namespace = f"{prefix}{entry.namespace}:" if entry.namespace else prefix
            yield from _walk(entry, namespace)
        elif isinstance(entry, URLPattern):
            assert entry.name, f"{entry} has no name"
            yield Route(f"{prefix}{entry.name}", entry.pattern.converters)
