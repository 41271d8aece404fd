"""What letters said would follow and has not come yet: whom to ask, for what, since when."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from tasks.incident import state
from tasks.incident.clocks import ON_LINE
from tasks.incident.letters import letterhead
from tasks.incident.letters.case import cases
from tasks.incident.letters.documents import attached
from tasks.incident.letters.readying import Rules, follows, without
from tasks.incident.letters.sending import ISSUED, letters
from tasks.incident.letters.values import text_of
from tasks.shared import board, clock
from tasks.shared.board import AMBER, Line
from tasks.shared.private import masked
from tasks.shared.projections import LETTERS
from tasks.workspace import Workspace


def chase_list(workspace: Workspace) -> list[dict[str, object]]:
    """A row an entry whose letter counts and of which something is still to come, by importer:
    `to_follow` (kind, name, file) and `without` (agency, line, reason). What came since the letter is no
    longer listed; what an entry was let go without, is."""
    rules, found = Rules.of(workspace), []
    known = {one.said.letter: one for one in letters(workspace)}
    live = sa.select(LETTERS.c.live, LETTERS.c.letter).where(LETTERS.c.live.is_not(None))
    where = {row.live: known[row.letter] for row in workspace.journal.rows(live)}
    have = attached(workspace.journal, list(where))
    for case in cases(workspace, where):
        said = where[case.number].said
        gone = next(entry.let_go for entry in said.entries if entry.number == case.number)
        gaps = follows(rules, case, have[case.number])
        if (gaps or gone) and case.state == "recorded":
            found.append({
                "importer": text_of(case, "importer_name") or masked(case.entry["importer_number"]),
                "entry": case.number, "letter": said.letter, "port": case.port,
                "since": where[case.number].at[:10], "to_follow": [msgspec.to_builtins(gap) for gap in gaps],
                "without": [msgspec.to_builtins(release) for release in gone],
            })  # fmt: skip
    return sorted(found, key=lambda row: (str(row["importer"]), str(row["entry"])))


def unlettered(workspace: Workspace) -> list[Line]:
    """The board's line on entries that went, or are to go, to a port without a letter while we are down."""
    incident = state.find(workspace.journal.rows)
    if incident is None or incident.state in ON_LINE or not (left := without(workspace.journal)):
        return []
    told = "; ".join(f"port {port or 'not given'}: {len(some)}" for port, some in left.items())
    return [Line("entries-without-letter", "", "entries on paper without a downtime letter", AMBER, told,
                 "continuity incident letters issue --port PORT --out FOLDER")]  # fmt: skip


def readiness(workspace: Workspace) -> list[Line]:
    """The board's lines: settings without which no letter is issued, entries of which papers are still
    to follow, letters that nobody sent."""
    lines = []
    if names := letterhead.missing(workspace.settings.broker):
        fact = f"not set: [broker] {', '.join(names)}"
        lines.append(Line("letterhead-settings-missing", "", "settings that every downtime letter needs", AMBER,
                          fact, "enter them in continuity.toml"))  # fmt: skip
    if rows := chase_list(workspace):
        fact = f"{len(rows)} entries of {len({row['importer'] for row in rows})} importers"
        lines.append(Line("papers-to-follow", "", "papers to follow behind downtime letters", AMBER, fact,
                          "continuity incident letters chase"))  # fmt: skip
    unsent = [one for one in letters(workspace) if one.state == ISSUED]
    if unsent:
        fact = f"{len(unsent)}, the first issued {board.ago(clock.parse(unsent[0].at))}"
        lines.append(Line("letters-without-proof-of-sending", "", "downtime letters without proof of sending",
                          AMBER, fact,
                          "continuity incident letters sent LETTER --way WAY --to OFFICER --proof FILE",
                          unsent[-1].at))  # fmt: skip
    return lines
