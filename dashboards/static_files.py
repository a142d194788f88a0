"""Static files out of node_modules: an allow-list, so that nothing else of a package is ever served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.checks import CheckMessage, Error
from django.core.files.storage import FileSystemStorage

NPM_FILES: dict[str, str] = {
    "vendor/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",  # the style sheet names it
    "vendor/inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "vendor/jetbrains-mono.woff2": "@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2",
    "vendor/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/idiomorph-ext.min.js": "idiomorph/dist/idiomorph-ext.min.js",
    "vendor/plotly-basic.min.js": "plotly.js-basic-dist-min/plotly-basic.min.js",
}
"""Name under STATIC_URL → path below node_modules."""


class _OneFile(FileSystemStorage):
    """collectstatic copies from storages; this one knows a single file under its public name."""

    def __init__(self, name: str, source: Path) -> None:
        super().__init__(location=str(source.parent))
        self.prefix = ""
        self._names = {name: source}

    def path(self, name: str) -> str:
        return str(self._names[name])


class NpmFinder(BaseFinder):
    """Finds exactly the files of NPM_FILES."""

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The absolute path of a served file ([] when it is none of ours), as Django's finders answer."""
        source = NPM_FILES.get(path.replace("\\", "/"))
        found = settings.NODE_MODULES / source if source else None
        if found is None or not found.is_file():
            return []
        return [str(found)] if find_all else str(found)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """One error that names every missing file, so that a forgotten `npm ci` is told at start-up."""
        missing = [source for source in NPM_FILES.values() if not (settings.NODE_MODULES / source).is_file()]
        if not missing:
            return []
        return [
            Error(
                f"{len(missing)} front-end files are missing, the first is node_modules/{missing[0]}.",
                hint="Run `npm ci` (make does it for you).",
                id="flotilla.E020",
            )
        ]

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, _OneFile]]:
        """Pairs of public name and storage, for collectstatic."""
        for name, source in NPM_FILES.items():
            if not matches_patterns(name, ignore_patterns or ()):
                yield name, _OneFile(name, settings.NODE_MODULES / source)
