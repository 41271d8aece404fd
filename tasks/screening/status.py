"""Status lines of screening (P9): none until a list is loaded or partners are screened."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.core.status_lines import StatusLine
from tasks.screening.tables import LISTS, SCREENED
from tasks.workspace import Workspace


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """The lines of `open_lines`, whose pyarrow is imported only where lists or partners are there."""
    if any(workspace.journal.rows(sa.select(table.c.seq).limit(1)) for table in (LISTS, SCREENED)):
        from tasks.screening.open_items import open_lines

        yield from open_lines(workspace)
