"""Pieces of table rows written without a template: what is hostile stays text, what is unknown says why."""

from django.utils.safestring import SafeString

from dashboards import markup, status
from dashboards.tables import Column, FacetOption, PlainTable

HOSTILE = '"><script>alert(1)</script>'
ESCAPED = "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"


def test_hostile_names_stay_text() -> None:
    option = FacetOption(HOSTILE, HOSTILE, 3, is_on=True)
    drawn = [
        markup.truncated(HOSTILE, tail=0),
        markup.shortened(HOSTILE, 100),
        markup.shortened(f"{HOSTILE} {'and more ' * 12}", 40),
        markup.kind(HOSTILE),
        markup.state(status.look(HOSTILE)),
        markup.facet_option("owner", option),
        markup.scope_option("account", HOSTILE, HOSTILE, is_on=False, note=HOSTILE),
        markup.plain_rows(PlainTable("Owners", [Column("Owner")], [[HOSTILE]])),
    ]
    for html in drawn:
        assert ESCAPED in html
        assert "<script" not in html


def test_a_name_is_cut_before_its_tail_and_whole_on_hover() -> None:
    html = markup.truncated("fraud-scoring-endpoint-00017")
    assert 'title="fraud-scoring-endpoint-00017"' in html
    assert '<span class="head">fraud-scoring-endpoint</span><span class="tail">-00017</span>' in html


def test_a_failure_is_cut_between_words_and_whole_on_hover() -> None:
    said = "AWS refused the update: Unable to find the role & its policy"
    whole = "AWS refused the update: Unable to find the role &amp; its policy"
    assert (
        markup.shortened(said, 40) == f'<span title="{whole}">AWS refused the update: Unable to find…</span>'
    )
    assert markup.shortened(said, 100) == whole


def test_a_ticked_option_is_checked() -> None:
    assert " checked>" in markup.facet_option("team", FacetOption("risk", "risk", 1, is_on=True))
    assert " checked" not in markup.facet_option("team", FacetOption("risk", "risk", 1, is_on=False))


def test_a_dash_in_a_table_says_what_it_means() -> None:
    table = PlainTable(
        "Calls", [Column("When"), Column("Calls", is_number=True)], [["10:00", "—"], ["11:00", "4"]]
    )
    html = markup.plain_rows(table)
    assert '<td class="num"><span class="muted" title="Not reported">—' in html
    assert '<tr><td>11:00</td><td class="num">4</td></tr>' in html


def test_a_text_that_equals_a_kept_piece_of_html_is_escaped_all_the_same() -> None:
    look = status.look("critical")
    html = SafeString("<b>3 min</b>")
    assert "<b>3 min</b>" in markup.state(look, since=html)
    assert "&lt;b&gt;3 min&lt;/b&gt;" in markup.state(look, since="<b>3 min</b>")
    assert "<b>3 min</b>" in markup.state(look, since=html)


def test_the_cells_of_a_plain_table_are_escaped() -> None:
    table = PlainTable("t", [Column("a"), Column("b", True)], [["<i>", "1"], ["—", "&"]])
    rows = markup.plain_rows(table)
    assert rows.startswith('<tr><td>&lt;i&gt;</td><td class="num">1</td></tr><tr><td><span class="muted"')
    assert rows.endswith('<td class="num">&amp;</td></tr>')
