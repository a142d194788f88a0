"""Small pictures drawn on the server as SVG: they need no JavaScript and no inline style."""

from collections.abc import Sequence
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboards.escaping import filled

_PAD = 3
_SHARE = '<rect class="{}" x="{}" y="0" width="{}" height="8"><title>{}</title></rect>'
_SHARES = '<svg class="{}" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'


def sparkline(values: Sequence[float | None], label: str, width: int, height: int) -> SafeString:
    """A zero-based line, the last known point marked; None breaks the line. No value at all: no picture."""
    return _sparkline(tuple(values), label, width, height)


@lru_cache(maxsize=512, typed=True)
def _sparkline(values: tuple[float | None, ...], label: str, width: int, height: int) -> SafeString:
    known = [value for value in values if value is not None]
    if not known:
        return format_html('<span class="caption">{}</span>', "no data")
    top = max(known) or 1.0
    step = (width - 2 * _PAD) / max(len(values) - 1, 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((_PAD + n * step, height - _PAD - (max(value, 0.0) / top) * (height - 2 * _PAD)))
    runs = [run for run in runs if run]
    paths = format_html_join("", '<path d="{}"/>', ((_path(run, height - _PAD),) for run in runs))
    end_x, end_y = runs[-1][-1]
    return format_html(
        '<svg class="spark" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '{}<circle cx="{}" cy="{}" r="2"/></svg>',
        width, height, width, height, f"{label}, highest {top:,.3g}, last {known[-1]:,.3g}",
        paths, _f(end_x), _f(end_y),
    )  # fmt: skip


def meter(used: float | None, limit: float | None, label: str) -> SafeString:
    """used / limit as a short bar; at or above the limit it is marked full."""
    if used is None or not limit:
        return SafeString("")
    share = min(max(used / limit, 0.0), 1.0)
    return format_html(
        '<svg class="meter{}" viewBox="0 0 40 4" role="img" aria-label="{}">'
        '<rect class="track" width="40" height="4" rx="2"/><rect class="value" width="{}" height="4" rx="2"/></svg>',
        " full" if share >= 1 else "", label, _f(share * 40),
    )  # fmt: skip


def shares(parts: Sequence[tuple[str, float, str]], label: str, css: str = "strip") -> SafeString:
    """One bar split by share: parts are (class name, share of 1, title). A small part keeps a visible width."""
    shown = [(name, max(share, 0.006), title) for name, share, title in parts if share > 0]
    total = sum(share for _, share, _ in shown) or 1.0
    gap, x, rects = 0.15, 0.0, []
    for name, share, title in shown:
        width = share / total * 100
        rects.append((name, _f(x), _f(max(width - gap, 0.3)), title))
        x += width
    bars = "".join([filled(_SHARE, *rect) for rect in rects])
    return filled(_SHARES, css, label, SafeString(bars))


def _f(value: float) -> str:
    return f"{value:.2f}"


def _path(run: list[tuple[float, float]], base: float) -> str:
    """A line through the run; a lone point between two gaps stands as a stem, else it could not be seen."""
    if len(run) == 1:
        x, y = run[0]
        return f"M{x:.1f} {base:.1f} L{x:.1f} {min(y, base - 1):.1f}"
    return " ".join(f"{'L' if n else 'M'}{x:.1f} {y:.1f}" for n, (x, y) in enumerate(run))


def progress(done: int, running: int, total: int) -> SafeString:
    """Proven steps dark, the step under way lighter, the rest as track."""
    share = 100 / max(total, 1)
    return format_html(
        '<svg class="progress-proven" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<rect class="track" width="100" height="8"/><rect class="proven" width="{}" height="8"/>'
        '<rect class="under-way" x="{}" width="{}" height="8"/></svg>',
        f"{done} of {total} steps proven", _f(done * share), _f(done * share), _f(running * share),
    )  # fmt: skip
