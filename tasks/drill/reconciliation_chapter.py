"""The reconciliation's chapters of the drill: approvals by the sample license holder, the cycles
against the simulator until nothing changes, production restored from a backup with its counter set
back, the end, and what stays in the folder to leaf through.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tasks.ace.api import AceSettings, check_bytes
from tasks.approved_acts import approve_act
from tasks.core.errors import ContinuityError, NotApproved, Refused
from tasks.core.files import write_atomic
from tasks.core.journal.bodies import canonical
from tasks.core.journal.copies import export_journal
from tasks.core.journal.verification import verify_journal
from tasks.drill import sample_brokerage
from tasks.drill.simulator_setup import open_simulator
from tasks.reconciliation.api import (
    BATCHES,
    AccountLine,
    NextNumber,
    NextStep,
    Restore,
    RestoreCycle,
    account_numbers,
    bond_text,
    build_report,
    confirm_bonds,
    entry_decisions,
    place_totals,
    record_restore,
    run_cycle,
    run_restore_cycle,
    sending_day,
    settle_by_proof,
    sign_final_accounting,
    write_export,
    write_letter_files as write_letters,
    write_report_files,
    write_restore_workbook,
    write_workbook,
)
from tasks.security.api import APPROVER, all_people, write_manifest
from tasks.workspace import Workspace

MOST_RESTORE_CYCLES = 8


def leave_letters(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Write the letters that are due into `out`; what each is, in words."""
    letters = write_letters(workspace, out / "letters", actor)
    return [f"{letter.kind}: to {letter.to}, {letter.subject}" for letter in letters]


def restore_production(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Ask ACE what production sent after its backup, name its next number, hand it the settled
    entries; what that is, in words."""
    facts = sample_brokerage.ace_facts()["restore"]
    backup = datetime.combine(facts["last_backup"], datetime.min.time())
    restore = record_restore(workspace, backup, None, facts["counter"], actor)
    cycle, next_number = _answered(workspace, restore, actor)
    write_restore_workbook(workspace, cycle, out / "production" / "restored.xlsx")
    files = write_export(workspace, out / "production" / "settled", actor)
    numbers = ", ".join(entry.number for entry in cycle.lacking)
    return [
        f"ACE took {len(cycle.lacking)} entries after the backup that production lost: {numbers}",
        f"production's counter stands at {facts['counter']} again; it goes on with "
        f"{next_number.number}: the highest seen is {next_number.highest}, {next_number.margin} are left out",
        f"settled entries handed to production: {len(files)} files",
    ]


def _answered(workspace: Workspace, restore: Restore, actor: str) -> tuple[RestoreCycle, NextNumber]:
    """Restore cycles, with the simulator's answers between them, until the next number is named."""
    waiting: tuple[str, ...] = ()
    for _ in range(MOST_RESTORE_CYCLES):
        cycle = run_restore_cycle(workspace, restore, (), None, actor, sending_day(workspace.settings))
        if cycle.following is not None:
            return cycle, cycle.following
        waiting = cycle.waiting
        exchange_with_simulator(workspace)
    raise ContinuityError("ace-answer-missing", waiting=", ".join(waiting))


MOST_CYCLES = 40


def approve_plan_in_drill(workspace: Workspace, plan: str) -> str:
    """Approve by the code of the first enrolled license holder, as `continuity approve` does.
    Raises Refused outside a drill."""
    journal = workspace.journal
    if not workspace.drill:
        raise Refused("license-code-drill-only")
    person = next(candidate for candidate in all_people(journal) if candidate.enrolled and APPROVER in candidate.roles)
    given_at, code = sample_brokerage.unused_code(workspace, person.person)
    approve_act(workspace, plan, person.person, code, given_at=given_at)
    return f"{person.name} (licence {person.licence})"


def exchange_with_simulator(workspace: Workspace) -> int:
    """The simulator takes what lies in the outbound folder and answers; returns how many files."""
    with open_simulator(workspace) as ace:
        folders, home = workspace.settings(AceSettings), workspace.home
        inbox = Path(folders.inbox or home / "answers")
        run = ace.process_folder(Path(folders.outbound or home / "outbound"), inbox)
    return len(run.written)


def set_faults(workspace: Workspace) -> None:
    """The simulator will reject a batch whole, lose an answer and send one twice."""
    with open_simulator(workspace) as ace:
        ace.misbehave("reject", only="SE", skip=1, detail="X33")
        ace.misbehave("twice", only="SX")
        ace.misbehave("drop", only="AX")


def cycle_until_idle(workspace: Workspace, actor: str) -> dict[str, int]:
    """Cycles, each plan approved as it comes, until nothing moves; entries by step."""
    previous: list[tuple[str, str, str]] = []
    for _ in range(MOST_CYCLES):
        cycle = run_cycle(workspace, actor, sending_day(workspace.settings))
        if cycle.waiting is not None:
            approve_plan_in_drill(workspace, cycle.waiting.digest)
        exchange_with_simulator(workspace)
        current = [(entry.number, str(decision.step), decision.ask) for entry, decision in entry_decisions(workspace)]
        if cycle.waiting is None and current == previous:
            return {step: len(numbers) for step, numbers in cycle.steps.items()}
        previous = current
    raise ContinuityError("reconciliation-not-stable", before=previous)


def entry_reasons(workspace: Workspace, steps: tuple[str, ...]) -> list[str]:
    """Each entry at one of these steps, with the reason."""
    decisions = entry_decisions(workspace)
    return [
        f"{entry.number}: {decision.step}: {decision.why}" for entry, decision in decisions if decision.step in steps
    ]


def sureties_act(workspace: Workspace, actor: str) -> list[str]:
    """Each surety that is waited for confirms its eBonds; in words."""
    lines = []
    for entry, decision in entry_decisions(workspace):
        if decision.step is NextStep.SURETY:
            notice = f"DRILL: the surety's notice that its eBond is on file for {entry.number}"
            for surety in sorted({bond.surety for bond in entry.open_bonds}):
                bonds = confirm_bonds(workspace, entry.number, notice.encode(), "notice.txt", actor, surety)
                names = "; ".join(map(bond_text, bonds))
                lines.append(f"{entry.number}: the surety's eBond is confirmed: {names}")
    return lines


def port_acts(workspace: Workspace) -> list[str]:
    """CBP takes the quota entry; in words."""
    lines = []
    with open_simulator(workspace) as ace:
        for number in sample_brokerage.ace_facts()["quota"]["accepted"]:
            ace.accept_quota(number)
            lines.append(f"{number}: CBP takes the quota entry")
    return lines


def accept_differences(workspace: Workspace, actor: str) -> list[str]:
    """The license holder accepts what officers keyed otherwise, each with a reason."""
    lines = []
    for entry, decision in entry_decisions(workspace):
        if decision.step is not NextStep.DIFFERS:
            continue
        reason = f"keyed by CBP, difference accepted by the licence holder: {decision.why}"
        proof = canonical({"number": entry.number, "why": decision.why}).encode()
        approver = ""
        try:
            settle_by_proof(workspace, [entry.number], reason, proof, actor)
        except NotApproved as waiting:
            approver = approve_plan_in_drill(workspace, waiting.plan)
        lines.append(f"{entry.number}: {decision.why}; accepted by the licence holder {approver}")
    return lines


def try_to_sign(workspace: Workspace, actor: str) -> str:
    """Sign the accounting, or say why that is refused."""
    for _ in range(2):
        try:
            accounting = sign_final_accounting(workspace.journal, workspace.content, workspace.settings, actor)
            return f"the accounting is signed: {accounting.numbers} numbers, each in its final place"
        except NotApproved as waiting:
            approve_plan_in_drill(workspace, waiting.plan)
        except ContinuityError as refused:
            return f"sign-off refused, as it must be: {refused}"
    return "the accounting waits for its approval"


def leave_results(workspace: Workspace, out: Path) -> dict[str, Any]:
    """Write report, accounting, batches and journal copy into `out`. The batches are in their
    stored form: without password, with placeholders for Social Security numbers."""
    lines = account_numbers(workspace.journal)
    write_workbook(lines, out / "accounting.xlsx", drill=True)
    write_atomic(out / "accounting.txt", _table(lines).encode())
    facts = build_report(workspace.journal, workspace.content, workspace.settings, "drill")
    write_report_files(facts, out / "report", workspace.home)
    messages, passing = _leave_batches(workspace, out)
    head = export_journal(workspace.journal, workspace.content, workspace.signer, out / "journal")
    verification = verify_journal(workspace.journal, workspace.content)
    messages.append(f"the journal {'holds' if verification.ok else 'DOES NOT HOLD'}: {head.seq} events")
    stand_once, message = _stands_once(workspace)
    messages.append(message)
    files = sorted(
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file() and "content" not in path.parts
    )
    summary = {"good": passing and verification.ok and stand_once, "numbers": len(lines)}
    return {"words": [*_table(lines).splitlines(), *messages], "files": files, "summary": summary}


def _stands_once(workspace: Workspace) -> tuple[bool, str]:
    """Whether the simulator holds each entry once, and the line that says so."""
    with open_simulator(workspace) as ace:
        holdings = ace.book()
    wrong = [number for number, holding in holdings.items() if not holding.stands_once or holding.canceled]
    if wrong:
        return False, f"NOT ONCE in the stand-in's book: {', '.join(wrong)}"
    return True, f"the stand-in's own book holds each of {len(holdings)} entries once"


def _leave_batches(workspace: Workspace, out: Path) -> tuple[list[str], bool]:
    counts: Counter[str] = Counter()
    passing = True
    for row in workspace.journal.rows(sa.select(BATCHES).order_by(BATCHES.c.file)):
        stored = workspace.content.get(row.content)
        write_atomic(out / "batches" / row.file, stored)
        result = check_bytes(stored)
        passing = passing and result.ok
        counts[f"{row.application} batches {'pass' if result.ok else 'FAIL'} the check"] += 1
    return [f"{count} {text}" for text, count in sorted(counts.items())], passing


def _table(lines: list[AccountLine]) -> str:
    from io import StringIO

    from rich.console import Console
    from rich.table import Table

    rows = place_totals(lines)
    table = Table(title="Accounting (DRILL): every number, in exactly one place")
    for name in rows[0]:
        table.add_column(name)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    sink = StringIO()
    Console(file=sink, width=150).print(table)
    return sink.getvalue()


def seal_folder(workspace: Workspace, out: Path, text: str) -> None:
    """The story beside the results, then the signed manifest over everything."""
    write_atomic(out / "what-happened.txt", text.encode())
    write_manifest(out, workspace.home, "DRILL of the sample brokerage")
