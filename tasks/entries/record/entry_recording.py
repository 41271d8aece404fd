"""Recording what desks hand in: once, whole, by the desk that holds the number.

A file that was recorded before changes nothing. A changed entry is a new revision; the old one stays
readable. Nothing of a faulty file is recorded unless its clean entries are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tasks.core import clock
from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.events import EntriesRecorded, EntriesRefused, EntriesRevised
from tasks.entries.numbers.number_use import (
    desk_by_number,
    in_bond_clashes,
    number_states,
    other_uses,
    release_differences,
    use_problem,
)
from tasks.entries.record import private_fields
from tasks.entries.record.entry_facts import entry_lines
from tasks.entries.record.entry_record import EntryRecord, digests, to_bytes
from tasks.entries.record.private_fields import private_references, seal_record
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named
from tasks.entries.record.revision_checks import corrected_entries, reverting_entries
from tasks.entries.record.trade_history import latest_history
from tasks.entries.settings import EntrySettings, FilerSettings, NumberSettings
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
    """The result of one file. `to_void`: numbers on its sheet Voided, with the desk's reason.
    `warnings`: for a person to review; they do not prevent recording."""

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
        """True if the file has faults and nothing of it was recorded."""
        return bool(self.problems) and not (self.recorded or self.revised or self.unchanged)

    @property
    def words(self) -> str:
        """The result as a sentence."""
        counts = (
            (len(self.recorded), "recorded"),
            (len(self.revised), "revised"),
            (len(self.unchanged), "unchanged"),
            (len(self.left), "left out"),
            (len(self.to_void), "to be voided"),
        )
        summary = ", ".join(f"{count} {label}" for count, label in counts if count)
        state = "REFUSED, nothing taken; " if self.refused else ""
        desk = f" of the desk {self.desk}" if self.desk else ""
        return f"{self.file}{desk}: {state}{summary or 'nothing in it'}"


def record_intake(
    workspace: Workspace,
    intakes: Sequence[FileIntake],
    actor: str,
    *,
    accept_clean: bool = False,
    go_back: bool = False,
) -> list[RecordingResult]:
    """Record each file in the order given; returns the result of each. `go_back`: also entries that
    would revert a correction."""
    results = [_record_file(workspace, result, intakes, actor, accept_clean, go_back) for result in intakes]
    hints = entry_type_hints(latest_history(workspace.journal, workspace.content))
    return [
        replace(
            result,
            warnings=(
                *result.warnings,
                *intake.notes,
                *type_warnings(intake.record, hints, intake.file, intake.rows),
                *case_bond_warnings(intake.record, intake.file, intake.rows),
                *disclaimer_warnings(intake.record, intake.file),
            ),
        )
        for result, intake in zip(results, intakes, strict=True)
    ]


def profile_of(settings: Settings) -> FilerRules:
    """The filer's settings for the rules of recording."""
    filer = settings(BrokerSettings).filer_code
    return FilerRules(
        filers=(filer,),
        offsets={filer: settings(NumberSettings).check_digit_offset},
        accept_type_86=settings(FilerSettings).accept_type_86,
        quota_one_step=settings(FilerSettings).quota_one_step,
        further_ports=settings(EntrySettings).further_ports,
    )


def _record_file(
    workspace: Workspace,
    intake: FileIntake,
    intakes: Sequence[FileIntake],
    actor: str,
    accept_clean: bool,
    go_back: bool,
) -> RecordingResult:
    clashes = [
        *_unusable_numbers(workspace, intake, intakes),
        *_reference_problems(intake),
        *release_differences(workspace.journal, intake),
        *in_bond_clashes(workspace.journal, intake.record, intake.file),
    ]
    reverting = list(_reversions(workspace, intake, {number for number, _ in clashes}))
    clashes += [] if go_back else reverting
    problems = tuple(sorted([*intake.problems, *(problem for _, problem in clashes)]))
    if problems and not (accept_clean and not intake.blocked):
        _append_refusal(workspace.journal, intake, problems, actor)
        omitted = tuple(intake.record.numbers)
        return RecordingResult(intake.file, intake.desk, left=omitted, problems=problems)
    clashing = {number for number, _ in clashes}
    clean = intake.clean()
    record = _sealed_record(workspace, clean.take(set(clean.numbers) - clashing))
    new, changed, unchanged = _compare_with_journal(workspace.journal, record)
    if new or changed:
        _append_entries(workspace, intake, record.take([*new, *changed]), new, changed, actor)
    recorded = set(record.numbers)
    omitted = tuple(number for number in intake.record.numbers if number not in recorded)
    return RecordingResult(
        intake.file,
        intake.desk,
        tuple(new),
        tuple(changed),
        tuple(unchanged),
        omitted,
        _numbers_to_void(workspace.journal, clean),
        problems,
        _allowed_reversions(reverting, changed),
    )


def _unusable_numbers(
    workspace: Workspace, intake: FileIntake, intakes: Sequence[FileIntake]
) -> Iterable[tuple[str, Problem]]:
    """Numbers that this desk may not use, with the reason, naming the other desk. An entry that was sent and
    is handed in unchanged, beside corrected ones, is no fault."""
    desks = desk_by_number(intake)
    states = {row.number: row for row in number_states(workspace.journal, list(desks))}
    late = {
        number
        for number, row in states.items()
        if row.desk == desks[number] and row.file and use_problem(number, row.desk, row, "")
    }
    sound = intake.clean().take(late - intake.faulty) if late else None
    unchanged = _compare_with_journal(workspace.journal, _sealed_record(workspace, sound))[2] if sound else []
    for number, desk in desks.items():
        if number in intake.faulty or number in unchanged:
            continue
        row = states.get(number)
        foreign = row is not None and row.desk != desk
        elsewhere = other_uses(number, desk, intake, intakes) if foreign else ""
        if reason := use_problem(number, desk, row, elsewhere):
            code, values = reason
            yield (
                number,
                Problem(
                    intake.file, "Entries", intake.row_of(number), "Entry number", number, code=code, values=values
                ),
            )


def _reference_problems(intake: FileIntake) -> Iterable[tuple[str, Problem]]:
    """A private reference in a desk's file would put somebody else's number into ACE."""
    for table, column, number, value in private_references(intake.record):
        yield (
            number,
            Problem(
                file=intake.file,
                sheet=RECORD_SHEETS[table],
                row=0,
                column=field_named(table, column).title,
                value=value,
                code="private-reference-as-value",
                subject=number,
            ),
        )


def _reversions(workspace: Workspace, intake: FileIntake, clashing: set[str]) -> Iterable[tuple[str, Problem]]:
    """Entries of an older workbook that would revert a correction; that takes `go_back`."""
    sound = intake.clean()
    corrected = corrected_entries(workspace.journal, sound.numbers) - clashing
    record = _sealed_record(workspace, sound.take(corrected)) if corrected else EntryRecord.empty()
    changed = _compare_with_journal(workspace.journal, record)[1]
    for number, changes in reverting_entries(workspace.journal, workspace.content, record, changed).items():
        yield (
            number,
            Problem(
                intake.file,
                "Entries",
                intake.row_of(number),
                "Entry number",
                number,
                f"was corrected since this was written, and would go back: {changes}",
                "if that is meant, add --go-back; else take the entry out of this file, or correct it as "
                f"it stands: continuity entries correct {number}",
                "E110",
            ),
        )


def _allowed_reversions(reverting: Iterable[tuple[str, Problem]], revised: Iterable[str]) -> tuple[Problem, ...]:
    """The reversions that `go_back` allowed, as warnings."""
    recorded = set(revised)
    return tuple(replace(problem, right="done as asked") for number, problem in reverting if number in recorded)


def _sealed_record(workspace: Workspace, record: EntryRecord) -> EntryRecord:
    """With the ledger key set and every private value replaced by its reference."""
    purge = clock.now().date() + timedelta(days=workspace.settings(PrivateDataSettings).keep_days)
    return seal_record(private_fields.with_ledger_key(record), workspace.vault, purge)


def _compare_with_journal(journal: Journal, record: EntryRecord) -> tuple[list[str], list[str], list[str]]:
    """Numbers that are new to the journal, changed, and the same as recorded."""
    current = digests(record)
    numbers = list(current)
    query = sa.select(ENTRIES.c.number, ENTRIES.c.digest)
    recorded: dict[str, str] = dict(rows_among(journal.rows, query, ENTRIES.c.number, numbers))
    new = [number for number in numbers if number not in recorded]
    changed = [number for number in numbers if recorded.get(number, current[number]) != current[number]]
    return new, changed, [n for n in numbers if recorded.get(n) == current[n]]


def _append_entries(
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


def _append_refusal(journal: Journal, intake: FileIntake, problems: Sequence[Problem], actor: str) -> None:
    """Record the refusal of a desk's file; a file without entries is ignored."""
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


def _numbers_to_void(journal: Journal, record: EntryRecord) -> tuple[tuple[str, str], ...]:
    """Numbers that the desk gave up and that are still issued."""
    rows = record.voided.to_pylist()
    reasons = {row["entry_number"]: row["reason"] or "" for row in rows}
    states = {row.number: row.state for row in number_states(journal, list(reasons))}
    return tuple((n, why) for n, why in reasons.items() if states.get(n) == "issued")
