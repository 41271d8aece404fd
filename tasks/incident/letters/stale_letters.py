"""Letters that no longer say what the record says: the entry was revised after the letter was issued. What
the port wrote on it, and data that no letter shows, changes no letter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.status_lines import AMBER, StatusLine
from tasks.entries.api import ENTRIES, NUMBERS, EntriesRecorded
from tasks.incident.letters.entry_case import PRIVATE, EntryCase, cases, recorded_case
from tasks.incident.letters.letter_values import VALUES
from tasks.incident.letters.sheet_layout import record_tables
from tasks.incident.tables import LETTERS
from tasks.workspace import Workspace

GONE_ON = ("released", "provisional", "refused", "exported", "cleared otherwise")
_AGAIN = "continuity incident letters issue NUMBER --again REASON --out FOLDER"


@dataclass(frozen=True)
class StaleLetter:
    """`revised`: when, UTC; `changed`: what the letter says otherwise, by name; `outcome`: what the
    port did meanwhile."""

    number: str
    letter: str
    port: str
    sent: bool
    revised: str
    outcome: str
    changed: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "entry": self.number,
            "letter": self.letter,
            "port": self.port,
            "sent": self.sent,
            "revised": f"{self.revised[:16]}Z",
            "outcome": self.outcome,
            "changed": list(self.changed),
        }


def letters_to_renew(workspace: Workspace) -> list[StaleLetter]:
    """Every letter and entry that it holds for, whose printed data differs from the record of now."""
    query = (
        sa.select(
            LETTERS.c.live, LETTERS.c.letter, LETTERS.c.state, LETTERS.c.digest, ENTRIES.c.port, ENTRIES.c.outcome
        )
        .join(ENTRIES, ENTRIES.c.number == LETTERS.c.live)
        .join(NUMBERS, NUMBERS.c.number == LETTERS.c.live)
        .where(NUMBERS.c.state == "recorded", ENTRIES.c.digest != LETTERS.c.digest)
        .order_by(LETTERS.c.live)
    )
    rows = {row.live: row for row in workspace.journal.rows(query)}
    if not rows:
        return []
    before, after = _revisions(workspace, {number: row.digest for number, row in rows.items()})
    stale: list[StaleLetter] = []
    now = cases(workspace, rows)
    for old, new in zip(recorded_case(workspace, now, before), now, strict=True):
        if changed := tuple(differences(old, new)):
            row = rows[new.number]
            stale.append(
                StaleLetter(
                    new.number, row.letter, row.port, row.state == "sent", after[new.number], row.outcome, changed
                )
            )
    return stale


def _revisions(workspace: Workspace, digests: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Of each entry the content that holds it as the letter has it, and when it was recorded last."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for event in workspace.journal.events(kind="entries."):
        if isinstance(body := event.said, EntriesRecorded):
            for line in body.entries:
                if line.number in digests:
                    after[line.number] = event.at
                    if line.digest == digests[line.number]:
                        before[line.number] = body.content
    return before, after


def differences(old: EntryCase, new: EntryCase) -> Iterator[str]:
    """What a letter of the one says otherwise than a letter of the other, by name."""
    for name, find in VALUES.items():
        if find(old) != find(new):
            yield name
    for name in PRIVATE:
        if old.private(name, hidden=False) != new.private(name, hidden=False):
            yield name
    new_tables = dict(record_tables(new))
    yield from (
        title.lower().replace(" ", "_") for title, rows in record_tables(old) if list(rows) != list(new_tables[title])
    )


def by_letter(stale: Iterable[StaleLetter]) -> dict[str, list[str]]:
    """The entries of each letter that were revised since."""
    listed: dict[str, list[str]] = {}
    for letter in stale:
        listed.setdefault(letter.letter, []).append(letter.number)
    return listed


def readiness(workspace: Workspace) -> Sequence[StatusLine]:
    """The status line."""
    if not (stale := letters_to_renew(workspace)):
        return []
    newest = max(letter.revised for letter in stale)
    late = sum(letter.outcome in GONE_ON for letter in stale)
    fact = f"{len(stale)}: {', '.join(letter.number for letter in stale[:3])}{', ...' if stale[3:] else ''}"
    fact += f"; of {late} the port decided already: tell it" if late else ""
    return [
        StatusLine(
            "letters-outdated",
            "",
            "letters older than their record",
            AMBER,
            fact,
            _AGAIN,
            clock.text(clock.parse(newest)),
        )
    ]
