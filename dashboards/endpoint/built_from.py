"""The "Built from" tab: the graph of the endpoint's parts and whether it could be built again today."""

from typing import Any

from dashboards import lineage as drawn
from fleet.analysis.lineage import Graph, Verdict
from fleet.queries import lineage
from fleet.queries.endpoint import Activity, Head


def context(head: Head, activity: Activity) -> dict[str, Any]:
    """The tab's part of the template context."""
    graph = lineage.graph(head.endpoint)
    tone, words = drawn.VERDICTS[graph.verdict]
    return {
        "graph": graph,
        "lineage_drawing": drawn.drawing(graph),
        "lineage_table": drawn.table(graph),
        "verdict_tone": tone,
        "verdict_words": words,
        "verdict_text": _text(graph),
        "verdict_reasons": graph.broken or graph.doubtful,
    }


def _text(graph: Graph) -> str:
    if graph.verdict is Verdict.BROKEN:
        return "AWS's own patching, a clone of its config and a redeploy would all fail today, because of:"
    if graph.verdict is Verdict.CANNOT_TELL:
        return "Nothing is known to be missing, but AWS could not be asked about:"
    return "Everything the config names exists, so AWS can patch the endpoint and a clone of its config would start."
