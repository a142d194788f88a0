"""The shard's open endpoints as stored: read once for all sections of a run, and again after something was written."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter

from fleet import loading
from fleet.models import Endpoint, Shard
from fleet.sync.stock import Stock

_UNREAD = ("document", "search_text")
_KEPT = 250
"""Most new rows taken over as written: those carry their documents, and a large shard's would fill the memory."""


class Roster:
    """The rows of one run, without the texts that only pages need.

    is_changed: endpoints came, changed or went. is_rebuilt: some are new or built from something else than before.
    stock: which tables hold anything of the shard.
    """

    def __init__(self, shard: Shard, stock: Stock | None = None) -> None:
        self._shard = shard
        self._rows: list[Endpoint] | None = None
        self.stock = stock or Stock()
        self.is_changed = False
        self.is_rebuilt = False
        if not self.stock.has(Endpoint):
            self._rows = []

    def rows(self) -> list[Endpoint]:
        """Every open endpoint; the same objects at each call until something was written."""
        if self._rows is None:
            self._rows = loading.read(
                Endpoint,
                "WHERE t.shard_id = %s AND t.closed_at IS NULL ORDER BY t.name",
                [self._shard.pk],
                without=_UNREAD,
            )
        return self._rows

    def given(self, rows: list[Endpoint]) -> None:
        """These are its open endpoints by name, read with those of other shards."""
        self._rows = rows

    def came(self, written: Sequence[Endpoint]) -> None:
        """These open rows were inserted or amended as they are, and nothing else was written."""
        self.is_changed = True
        if self._rows is not None and len(self._rows) + len(written) <= _KEPT:
            ids = {row.pk for row in written}
            kept = [row for row in self._rows if row.pk not in ids]
            self._rows = sorted([*kept, *written], key=lambda row: row.name)
        else:
            self._rows = None

    def went(self, gone: Sequence[Endpoint]) -> None:
        """These rows were closed, and nothing else was written."""
        self.is_changed = True
        if self._rows is not None:
            ids = {row.pk for row in gone}
            self._rows = [row for row in self._rows if row.pk not in ids]

    def changed(self) -> None:
        """Rows were written: the next section reads them anew."""
        self._rows = None
        self.is_changed = True


def read_together(rosters: Mapping[int, Roster]) -> None:
    """Have these rosters (by id of their shards) know their rows, in one statement.

    Large shards read their own when they come to it, so that their rows are not all held at once.
    """
    small = {
        pk: roster for pk, roster in rosters.items() if roster.stock.is_small and roster.stock.has(Endpoint)
    }
    if len(small) < 2:
        return
    found = loading.read(Endpoint, _OF_SEVERAL, [list(small)], without=_UNREAD)
    rows = {pk: list(group) for pk, group in groupby(found, key=attrgetter("shard_id"))}
    for pk, roster in small.items():
        roster.given(rows.get(pk, []))


_OF_SEVERAL = "WHERE t.shard_id = ANY(%s::bigint[]) AND t.closed_at IS NULL ORDER BY t.shard_id, t.name"
