"""The shard's open endpoints as stored: read once for all sections of a run, and again after something was written."""

from fleet.models import Endpoint, Shard


class Roster:
    """The rows of one run, without the texts that only pages need. `is_changed`: endpoints came, changed or went."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._rows: list[Endpoint] | None = None
        self.is_changed = False

    def rows(self) -> list[Endpoint]:
        """Every open endpoint; the same objects at each call until `changed`."""
        if self._rows is None:
            open_rows = Endpoint.objects.filter(shard=self._shard, closed_at=None)
            self._rows = list(open_rows.defer("document", "search_text"))
        return self._rows

    def changed(self) -> None:
        """Rows were written: the next section reads them anew."""
        self._rows = None
        self.is_changed = True
