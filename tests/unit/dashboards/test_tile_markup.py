"""Tiles and explanations written without a template: all they know is told, and what is hostile stays text."""

from dataclasses import replace
from datetime import UTC, datetime

from dashboards import tile_markup
from dashboards.tiles import Explain, Tile
from dashboards.truth import Truth

HOSTILE = '"><script>alert(1)</script>'
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WHOLE = Explain(
    "Sum of all lines.",
    formula="Σ quantity × price",
    inputs=[("Days", "1 – 21 Nov")],
    source="AWS Price List",
    basis="estimated",
    as_of=datetime(2026, 11, 21, 9, 30, tzinfo=UTC),
    window="last 7 days",
    call="cloudwatch:GetMetricData",
    lines_url="/costs/explain?first=2026-11-01&last=2026-11-21",
)
TILE = Tile(
    "Cost", "$12.30", unit="a month", note="4 % over Fri", direction="up", title="$12.301", explain=WHOLE
)


def test_an_explanation_tells_all_it_knows() -> None:
    html = tile_markup.explanation(WHOLE, "Cost", NOW)
    for part in (
        'data-truth="estimated"',
        'aria-label="Cost: Estimated. How it is worked out"',
        "<p>Sum of all lines.</p>",
        '<p class="formula">Σ quantity × price</p>',
        "<dt>Days</dt><dd>1 – 21 Nov</dd><dt>Window</dt><dd>last 7 days</dd><dt>Source</dt><dd>AWS Price List</dd>",
        '<dt>Read by</dt><dd><code class="wrap">cloudwatch:GetMetricData</code></dd>',
        "Today 09:30</time> UTC, <time",
        "2 h 30 min ago</time>",
        'hx-get="/costs/explain?first=2026-11-01&amp;last=2026-11-21"',
    ):
        assert part in html
    bare = tile_markup.explanation(Explain("Only words."), "Cost", NOW, Truth.MISSING)
    assert "<dt>" not in bare
    assert "<a " not in bare
    assert 'data-truth="missing"' in bare


def test_a_tile_has_its_figure_its_unit_and_what_it_is_compared_with() -> None:
    html = tile_markup.tiles([TILE, replace(TILE, url="#lines")], NOW)
    assert html.count('<li class="tile" data-truth="estimated">') == 2
    assert (
        '<div class="tile-number" title="$12.301">$12.30<span class="tile-unit">a month</span></div>' in html
    )
    assert '<a class="plain-link" href="#lines">$12.30</a><span class="tile-unit">' in html
    assert 'aria-label="Up"' in html
    assert "4 % over Fri</div>" in html


def test_a_tile_without_a_figure_says_why_and_an_old_one_since_when() -> None:
    unknown = tile_markup.tiles([replace(TILE, number=None, note="", reason="No call was reported")], NOW)
    assert 'data-truth="missing"' in unknown
    assert '—<span class="sr-only"> No call was reported</span>' in unknown
    assert "No call was reported</div></li>" in unknown
    assert "a month" not in unknown
    old = tile_markup.tiles([replace(TILE, explain=replace(WHOLE, is_stale=True))], NOW)
    assert 'data-truth="stale"' in old
    assert '<span class="tone-attention">old, until <time' in old
    assert "4 % over Fri" not in old
    other = tile_markup.tiles([replace(TILE, is_published=False)], NOW)
    assert 'data-truth="not-published"' in other


def test_hostile_words_stay_text() -> None:
    inputs = [(HOSTILE, HOSTILE)]
    explain = Explain(
        HOSTILE, HOSTILE, inputs, HOSTILE, "measured", window=HOSTILE, call=HOSTILE, lines_url=HOSTILE
    )
    tile = Tile(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, "down", HOSTILE, HOSTILE, explain=explain)
    html = tile_markup.tiles([tile, replace(tile, number=None, reason=HOSTILE)], NOW)
    assert "<script" not in html
    assert html.count("&lt;script&gt;") > 20
