"""The reconciliation's chapters of the drill: approvals by the sample licence holder, the cycles
against the stand-in until it rests, the end, and what stays in the folder to leaf through.

The drill's last chapter but one: production runs again from a backup, and its counter went back.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pyotp.totp import TOTP

from tasks.ace.api import AceSettings, check_bytes
from tasks.approved_acts import approve_act
from tasks.core import clock
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
from tasks.security.api import APPROVER, CODE_SECONDS, all_people, write_manifest
from tasks.workspace import Workspace

MOST_TURNS = 8


def leave_letters(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Write the letters that are due into `out`; what each is, in words."""
    made = write_letters(workspace, out / "letters", actor)
    return [f"{one.kind}: to {one.to}, {one.subject}" for one in made]


def restore_production(workspace: Workspace, out: Path, actor: str) -> list[str]:
    """Ask ACE what production sent after its backup, name its next number, hand it the settled
    entries; what that is, in words."""
    facts = sample_brokerage.ace_facts()["restore"]
    backup = datetime.combine(facts["last_backup"], datetime.min.time())
    told = record_restore(workspace, backup, None, facts["counter"], actor)
    done, following = _answered(workspace, told, actor)
    write_restore_workbook(workspace, done, out / "production" / "restored.xlsx")
    files = write_export(workspace, out / "production" / "settled", actor)
    numbers = ", ".join(one.number for one in done.lacking)
    return [
        f"ACE took {len(done.lacking)} entries after the backup that production lost: {numbers}",
        f"production's counter stands at {facts['counter']} again; it goes on with "
        f"{following.number}: the highest seen is {following.highest}, {following.margin} are left out",
        f"settled entries handed to production: {len(files)} files",
    ]


def _answered(workspace: Workspace, told: Restore, actor: str) -> tuple[RestoreCycle, NextNumber]:
    """Turns, with the stand-in's answers between them, until the next number is named."""
    waiting: tuple[str, ...] = ()
    for _ in range(MOST_TURNS):
        done = run_restore_cycle(workspace, told, (), None, actor, sending_day(workspace.settings))
        if done.following is not None:
            return done, done.following
        waiting = done.waiting
        exchange_with_simulator(workspace)
    raise ContinuityError("ace-answer-missing", waiting=", ".join(waiting))


MOST_CYCLES = 40


def approve_plan_in_drill(workspace: Workspace, plan: str) -> str:
    """Approve by the code of the first enrolled license holder, as `continuity approve` does.
    Raises Refused in a house that is no drill."""
    journal = workspace.journal
    if not workspace.drill:
        raise Refused("license-code-drill-only")
    one = next(p for p in all_people(journal) if p.enrolled and APPROVER in p.roles)
    secret = (workspace.home / "keys" / "totp" / one.person).read_text(encoding="ascii")
    given_at = clock.now()
    # Each code counts once; one that was read off a little earlier is as good.
    while any(journal.events(key=f"code:{one.person}:{int(given_at.timestamp()) // CODE_SECONDS}")):
        given_at -= timedelta(seconds=CODE_SECONDS)
    code = TOTP(secret).at(given_at)
    approve_act(workspace, plan, one.person, code, given_at=given_at)
    return f"{one.name} (licence {one.licence})"


def exchange_with_simulator(workspace: Workspace) -> int:
    """The stand-in takes what lies in the outbound folder and answers; returns how many files."""
    with open_simulator(workspace) as ace:
        folders, home = workspace.settings(AceSettings), workspace.home
        inbox = Path(folders.inbox or home / "answers")
        done = ace.process_folder(Path(folders.outbound or home / "outbound"), inbox)
    return len(done.written)


def set_faults(workspace: Workspace) -> None:
    """The stand-in will reject a batch whole, lose an answer and send one twice."""
    with open_simulator(workspace) as ace:
        ace.misbehave("reject", only="SE", skip=1, detail="X33")
        ace.misbehave("twice", only="SX")
        ace.misbehave("drop", only="AX")


def cycle_until_idle(workspace: Workspace, actor: str) -> dict[str, int]:
    """Cycles, each plan approved as it comes, until nothing moves; entries by step."""
    before: list[tuple[str, str, str]] = []
    for _ in range(MOST_CYCLES):
        last = run_cycle(workspace, actor, sending_day(workspace.settings))
        if last.waiting is not None:
            approve_plan_in_drill(workspace, last.waiting.digest)
        exchange_with_simulator(workspace)
        now = [(one.number, str(v.step), v.ask) for one, v in entry_decisions(workspace)]
        if last.waiting is None and now == before:
            return {step: len(numbers) for step, numbers in last.steps.items()}
        before = now
    raise ContinuityError("reconciliation-not-stable", before=before)


def entry_reasons(workspace: Workspace, steps: tuple[str, ...]) -> list[str]:
    """Each entry at one of these steps, with the reason."""
    found = entry_decisions(workspace)
    return [f"{one.number}: {v.step}: {v.why}" for one, v in found if v.step in steps]


def sureties_act(workspace: Workspace, actor: str) -> list[str]:
    """Each surety that is waited for confirms its eBonds; in words."""
    told = []
    for one, verdict in entry_decisions(workspace):
        if verdict.step is NextStep.SURETY:
            notice = f"DRILL: the surety's notice that its eBond is on file for {one.number}"
            for surety in sorted({bond.surety for bond in one.open_bonds}):
                done = confirm_bonds(workspace, one.number, notice.encode(), "notice.txt", actor, surety)
                names = "; ".join(map(bond_text, done))
                told.append(f"{one.number}: the surety's eBond is confirmed: {names}")
    return told


def port_acts(workspace: Workspace) -> list[str]:
    """CBP takes the quota entry; in words."""
    told = []
    with open_simulator(workspace) as ace:
        for number in sample_brokerage.ace_facts()["quota"]["accepted"]:
            ace.accept_quota(number)
            told.append(f"{number}: CBP takes the quota entry")
    return told


def accept_differences(workspace: Workspace, actor: str) -> list[str]:
    """The licence holder accepts what officers keyed otherwise, each with a reason."""
    told = []
    for one, verdict in entry_decisions(workspace):
        if verdict.step is not NextStep.DIFFERS:
            continue
        how = f"keyed by CBP, difference accepted by the licence holder: {verdict.why}"
        proof = canonical({"number": one.number, "why": verdict.why}).encode()
        who = ""
        try:
            settle_by_proof(workspace, [one.number], how, proof, actor)
        except NotApproved as waits:
            who = approve_plan_in_drill(workspace, waits.plan)
        told.append(f"{one.number}: {verdict.why}; accepted by the licence holder {who}")
    return told


def try_to_sign(workspace: Workspace, actor: str) -> str:
    """Sign the accounting, or say why that is refused."""
    for _ in range(2):
        try:
            done = sign_final_accounting(workspace.journal, workspace.content, workspace.settings, actor)
            return f"the accounting is signed: {done.numbers} numbers, each in its final place"
        except NotApproved as waits:
            approve_plan_in_drill(workspace, waits.plan)
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
    words, passing = _leave_batches(workspace, out)
    head = export_journal(workspace.journal, workspace.content, workspace.home, out / "journal")
    whole = verify_journal(workspace.journal, workspace.content)
    words.append(f"the journal {'holds' if whole.ok else 'DOES NOT HOLD'}: {head.seq} events")
    words.append(once := _stands_once(workspace))
    files = sorted(
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file() and "content" not in path.parts
    )
    good = passing and whole.ok and once.startswith("the stand-in's own book")
    summary = {"good": good, "numbers": len(lines)}
    return {"words": [*_table(lines).splitlines(), *words], "files": files, "summary": summary}


def _stands_once(workspace: Workspace) -> str:
    with open_simulator(workspace) as ace:
        book = ace.book()
    twice = [number for number, held in book.items() if not held.stands_once or held.burnt]
    if twice:
        return f"NOT ONCE in the stand-in's book: {', '.join(twice)}"
    return f"the stand-in's own book holds each of {len(book)} entries once"


def _leave_batches(workspace: Workspace, out: Path) -> tuple[list[str], bool]:
    words: Counter[str] = Counter()
    passing = True
    for row in workspace.journal.rows(sa.select(BATCHES).order_by(BATCHES.c.file)):
        stored = workspace.content.get(row.content)
        write_atomic(out / "batches" / row.file, stored)
        result = check_bytes(stored)
        passing = passing and result.ok
        words[f"{row.application} batches {'pass' if result.ok else 'FAIL'} the check"] += 1
    return [f"{count} {text}" for text, count in sorted(words.items())], passing


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
