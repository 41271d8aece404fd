"""Taking what desks hand in into the book: once, whole, by the desk that holds the number.

A file that was taken before changes nothing. A changed entry is a new revision; the old one stays
readable. Nothing of a faulty file is taken unless its clean entries are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.ace.api import AceSettings
from tasks.core import clock
from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.events import EntriesRecorded, EntriesRefused, EntriesRevised
from tasks.entries.numbers.number_use import (
    against_release,
    desk_by_number,
    in_bond_clashes,
    number_states,
    other_uses,
    use_problem,
)
from tasks.entries.record import private_fields
from tasks.entries.record.entry_facts import entry_lines
from tasks.entries.record.entry_record import EntryRecord, digests, to_bytes
from tasks.entries.record.private_fields import private_references
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named as field_of
from tasks.entries.record.revision_checks import corrected_entries, reverting_entries
from tasks.entries.record.trade_history import latest_history
from tasks.entries.settings import EntrySettings, NumberSettings
from tasks.entries.tables import ENTRIES
from tasks.entries.validation.disclaimer_rules import disclaimer_warnings
from tasks.entries.validation.entry_type_warnings import entry_type_hints, type_warnings
from tasks.entries.validation.line_rules import case_bond_warnings
from tasks.entries.validation.rule_checks import FilerRules
from tasks.security.api import PrivateDataSettings
from tasks.workspace import Workspace

if TYPE_CHECKING:
    from tasks.entries.workbook.file_intake import FileIntake


@dataclass(frozen=True)
class RecordingResult:
    """What became of one file. `to_void`: numbers on its sheet Voided, with the desk's reason.
    `warnings`: what a person should look at; they keep nothing from being recorded."""

    file: str
    desk: str
    recorded: tuple[str, ...] = ()
    revised: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    to_void: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = field(default=(), repr=False)
    warnings: tuple[Problem, ...] = ()

    @property
    def refused(self) -> bool:
        """True if the file was handed in with faults and nothing of it was taken."""
        return bool(self.problems) and not (self.recorded or self.revised or self.unchanged)

    @property
    def words(self) -> str:
        """What became of the file, for a person."""
        counts = (
            (len(self.recorded), "recorded"),
            (len(self.revised), "revised"),
            (len(self.unchanged), "unchanged"),
            (len(self.left), "left out"),
            (len(self.to_void), "to be voided"),
        )
        told = ", ".join(f"{count} {word}" for count, word in counts if count)
        state = "REFUSED, nothing taken; " if self.refused else ""
        desk = f" of the desk {self.desk}" if self.desk else ""
        return f"{self.file}{desk}: {state}{told or 'nothing in it'}"


def record_intake(
    workspace: Workspace,
    intakes: Sequence[FileIntake],
    actor: str,
    *,
    accept_clean: bool = False,
    go_back: bool = False,
) -> list[RecordingResult]:
    """Record each file in the order given; the answer says what became of each. `go_back`: also
    entries that it puts back to what they were before a correction."""
    taken = [_take_one(workspace, one, intakes, actor, accept_clean, go_back) for one in intakes]
    known = entry_type_hints(latest_history(workspace.journal, workspace.content))
    return [
        replace(
            one,
            warnings=(
                *one.warnings,
                *intake.notes,
                *type_warnings(intake.record, known, intake.file, intake.rows),
                *case_bond_warnings(intake.record, intake.file, intake.rows),
                *disclaimer_warnings(intake.record, intake.file),
            ),
        )
        for one, intake in zip(taken, intakes, strict=True)
    ]


def profile_of(settings: Settings) -> FilerRules:
    """What the rules of recording need to know of this house."""
    filer = settings(BrokerSettings).filer_code
    return FilerRules(
        filers=(filer,),
        offsets={filer: settings(NumberSettings).check_digit_offset},
        accept_type_86=settings(AceSettings).accept_type_86,
        quota_one_step=settings(AceSettings).quota_one_step,
        further_ports=settings(EntrySettings).further_ports,
    )


def _take_one(
    workspace: Workspace,
    intake: FileIntake,
    others: Sequence[FileIntake],
    actor: str,
    accept_clean: bool,
    go_back: bool,
) -> RecordingResult:
    clashes = [
        *_clashes(workspace, intake, others),
        *_references(intake),
        *against_release(workspace.journal, intake),
        *in_bond_clashes(workspace.journal, intake.record, intake.file),
    ]
    back = list(_going_back(workspace, intake, {number for number, _ in clashes}))
    clashes += [] if go_back else back
    problems = tuple(sorted([*intake.problems, *(problem for _, problem in clashes)]))
    if problems and not (accept_clean and not intake.blocked):
        _write_refusal(workspace.journal, intake, problems, actor)
        left = tuple(intake.record.numbers)
        return RecordingResult(intake.file, intake.desk, left=left, problems=problems)
    clashing = {number for number, _ in clashes}
    sound = intake.clean()
    record = _ready(workspace, sound.take(set(sound.numbers) - clashing))
    new, changed, same = _sorted_out(workspace.journal, record)
    if new or changed:
        _write(workspace, intake, record.take([*new, *changed]), new, changed, actor)
    kept = set(record.numbers)
    left = tuple(number for number in intake.record.numbers if number not in kept)
    return RecordingResult(
        intake.file,
        intake.desk,
        tuple(new),
        tuple(changed),
        tuple(same),
        left,
        _voids(workspace.journal, sound),
        problems,
        _undone(back, changed),
    )


def _clashes(workspace: Workspace, intake: FileIntake, others: Sequence[FileIntake]) -> Iterable[tuple[str, Problem]]:
    """Numbers that this desk may not use, with the reason, naming the other desk. What went out and is
    handed in again as it was, in a workbook in which others were corrected, is no change."""
    desks = desk_by_number(intake)
    held = {row.number: row for row in number_states(workspace.journal, list(desks))}
    late = {
        number
        for number, row in held.items()
        if row.desk == desks[number] and row.file and use_problem(number, row.desk, row, "")
    }
    sound = intake.clean().take(late - intake.faulty) if late else None
    same = _sorted_out(workspace.journal, _ready(workspace, sound))[2] if sound else []
    for number, desk in desks.items():
        if number in intake.faulty or number in same:
            continue
        row = held.get(number)
        foreign = row is not None and row.desk != desk
        elsewhere = other_uses(number, desk, intake, others) if foreign else ""
        if reason := use_problem(number, desk, row, elsewhere):
            code, values = reason
            yield (
                number,
                Problem(
                    intake.file, "Entries", intake.row_of(number), "Entry number", number, code=code, values=values
                ),
            )


def _references(intake: FileIntake) -> Iterable[tuple[str, Problem]]:
    """A reference of the books in a desk's file would put somebody else's number into ACE."""
    for table, column, number, value in private_references(intake.record):
        yield (
            number,
            Problem(
                file=intake.file,
                sheet=RECORD_SHEETS[table],
                row=0,
                column=field_of(table, column).title,
                value=value,
                code="private-reference-as-value",
                subject=number,
            ),
        )


def _going_back(workspace: Workspace, intake: FileIntake, clashing: set[str]) -> Iterable[tuple[str, Problem]]:
    """An older workbook undoes what was corrected since; that takes a clear yes."""
    sound = intake.clean()
    some = corrected_entries(workspace.journal, sound.numbers) - clashing
    record = _ready(workspace, sound.take(some)) if some else EntryRecord.empty()
    changed = _sorted_out(workspace.journal, record)[1]
    for number, words in reverting_entries(workspace.journal, workspace.content, record, changed).items():
        yield (
            number,
            Problem(
                intake.file,
                "Entries",
                intake.row_of(number),
                "Entry number",
                number,
                f"was corrected since this was written, and would go back: {words}",
                "if that is meant, add --go-back; else take the entry out of this file, or correct it as "
                f"it stands: continuity entries correct {number}",
                "E110",
            ),
        )


def _undone(back: Iterable[tuple[str, Problem]], revised: Iterable[str]) -> tuple[Problem, ...]:
    """What was put back by that yes, said once more."""
    kept = set(revised)
    return tuple(replace(told, right="done as asked") for number, told in back if number in kept)


def _ready(workspace: Workspace, record: EntryRecord) -> EntryRecord:
    """With the ledger key set and every private value behind its reference."""
    purge = clock.now().date() + timedelta(days=workspace.settings(PrivateDataSettings).keep_days)
    return private_fields.seal(private_fields.with_ledger_key(record), workspace.vault, purge)


def _sorted_out(journal: Journal, record: EntryRecord) -> tuple[list[str], list[str], list[str]]:
    """Numbers that are new to the book, changed, and the same as recorded."""
    now = digests(record)
    numbers = list(now)
    query = sa.select(ENTRIES.c.number, ENTRIES.c.digest)
    before: dict[str, str] = dict(rows_among(journal.rows, query, ENTRIES.c.number, numbers))
    new = [number for number in numbers if number not in before]
    changed = [number for number in numbers if before.get(number, now[number]) != now[number]]
    return new, changed, [n for n in numbers if before.get(n) == now[n]]


def _write(
    workspace: Workspace, intake: FileIntake, record: EntryRecord, new: list[str], changed: list[str], actor: str
) -> None:
    # Content before event: an orphan is harmless, an event without its content is not.
    content = workspace.content.put(to_bytes(record))
    lines = {line.number: line for line in entry_lines(record)}
    subject = f"file/{intake.sha256[:12]}"
    with workspace.journal.write(actor) as pen:
        for struct, numbers in ((EntriesRecorded, new), (EntriesRevised, changed)):
            if numbers:
                body = struct(
                    content=content,
                    source=intake.sha256,
                    file=intake.file,
                    desk=intake.desk,
                    entries=[lines[number] for number in numbers],
                )
                pen.append(body, subject, key=f"{struct.kind}:{content}:{pen.head.seq}")


def _write_refusal(journal: Journal, intake: FileIntake, problems: Sequence[Problem], actor: str) -> None:
    """A desk's file that was not taken is a fact of the incident; a file that is none is not."""
    if not intake.record.numbers:
        return
    body = EntriesRefused(
        source=intake.sha256,
        file=intake.file,
        desk=intake.desk,
        problems=len(problems),
        reasons=sorted({problem.wrong for problem in problems})[:10],
    )
    journal.append(body, f"file/{intake.sha256[:12]}", actor, key=f"refused:{intake.sha256}")


def _voids(journal: Journal, record: EntryRecord) -> tuple[tuple[str, str], ...]:
    """Numbers that the desk gave up and that the book still holds as issued."""
    rows = record.voided.to_pylist()
    wanted = {row["entry_number"]: row["reason"] or "" for row in rows}
    standing = {row.number: row.state for row in number_states(journal, list(wanted))}
    return tuple((n, why) for n, why in wanted.items() if standing.get(n) == "issued")
