"""The reconciliation cycle: one ordered list of named stages, run from any point.

A run of the flow makes a Prefect task of each stage, the CLI runs them through. Cycles are run until
nothing changes; the next cycle repairs what a crash between any two lines left undone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from tasks.ace.api import AceSettings
from tasks.approved_acts import ActOutcome, carry_out_ready
from tasks.core.errors import HeldBack, Problem, Refused
from tasks.core.journal.bodies import canonical
from tasks.entries.api import EntryReopened, EntrySettled
from tasks.reconciliation.decisions.classification import EntryDecision, reversal_reason
from tasks.reconciliation.decisions.consolidation import missing_summary_lines
from tasks.reconciliation.decisions.exclusions import excluded_entries
from tasks.reconciliation.decisions.rule_table import HELD, NextStep
from tasks.reconciliation.events import AnswerLine, AnswerRead
from tasks.reconciliation.plan.eligibility import approved_plans, drop_plan, interrupted_plans
from tasks.reconciliation.plan.plan_store import SendingPlan
from tasks.reconciliation.plan.planning import make_sending_plan
from tasks.reconciliation.receiving import answer_files
from tasks.reconciliation.receiving.answer_files import AnswerFile
from tasks.reconciliation.sending import batch_writing
from tasks.reconciliation.sending.batch_checks import UnansweredBatch, tampered_files, unanswered_batches
from tasks.reconciliation.sending.batch_writing import WrittenBatch, finish_batches, sending_pace, write_plan_batches
from tasks.reconciliation.sending.query_writing import entries_without_queries, finish_queries, write_due_queries
from tasks.reconciliation.state.entry_reader import entry_states, list_entry_states
from tasks.reconciliation.state.entry_state import BILL, RELEASE, SUMMARY, EntryState
from tasks.security.api import ApprovalSettings, approvals_needed, find_approval, refuse_revoked
from tasks.workspace import Workspace


@dataclass
class Cycle:
    """One cycle of `actor` on the day `today`, with what its stages have done so far."""

    workspace: Workspace
    actor: str
    today: date
    read: list[AnswerFile] = field(default_factory=list)
    reopened: dict[str, str] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    written: list[WrittenBatch] = field(default_factory=list)
    dropped: dict[str, str] = field(default_factory=dict)
    query_files: list[str] = field(default_factory=list)
    waiting: SendingPlan | None = None
    held_entries: dict[str, Problem] = field(default_factory=dict)
    carried_out: list[ActOutcome] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """A named part of the cycle. `run` adds its results to the cycle; `changes`: whether it can
    change the state of an entry. Safe to run again."""

    name: str
    run: Callable[[Cycle], None]
    changes: bool


class CycleResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a cycle did, and what now waits for a person: the plan, and entries by step."""

    written: tuple[WrittenBatch, ...]
    read: tuple[AnswerFile, ...]
    settled: tuple[str, ...]
    asked: tuple[str, ...]
    """Names of the query files."""
    waiting: SendingPlan | None
    """The plan that lacks an approval."""
    steps: dict[str, list[str]]
    """Numbers by what happens next with them."""
    held: dict[str, Problem]
    """Entries that are due and cannot be written: why."""
    reopened: dict[str, str]
    """Settled numbers that ACE took back: why."""
    dropped: dict[str, str]
    """Plans, by digest, of which nothing more is written: why."""
    uncovered: list[str]
    """A line for each number under which a summary is to cover releases, and none in the journal goes."""
    meddled: dict[str, str]
    """Files of the outbound folder that somebody edited or renamed, and what to do."""
    silent: tuple[UnansweredBatch, ...]
    """Batches without an answer long after they were written."""
    pace: batch_writing.Pace
    """How many files may go now, and when the next may."""
    carried: tuple[ActOutcome, ...]
    """Approved acts that were carried out, or that their state refuses now."""

    @property
    def moved(self) -> bool:
        """True if something happened, so that another cycle may do more."""
        fresh = [batch for batch in self.written if not batch.again]
        acted = any(outcome.refused is None for outcome in self.carried)
        changed = self.settled or self.reopened or self.dropped or self.asked or acted
        return bool(fresh or changed or any(batch.answers for batch in self.read))


def _read(cycle: Cycle) -> None:
    cycle.read = answer_files.read_inbox(cycle.workspace, cycle.actor)


def _reopen(cycle: Cycle) -> None:
    cycle.reopened = reopen(cycle.workspace, cycle.actor)


def _settle(cycle: Cycle) -> None:
    cycle.settled = settle(cycle.workspace, cycle.actor)


def _carry_out(cycle: Cycle) -> None:
    cycle.carried_out = carry_out_ready(cycle.workspace, cycle.actor)


def _write(cycle: Cycle) -> None:
    cycle.written, cycle.dropped = write_approved(cycle.workspace, cycle.actor)


def _ask(cycle: Cycle) -> None:
    cycle.query_files = ask_first(cycle.workspace, cycle.actor, cycle.today)


def _plan(cycle: Cycle) -> None:
    cycle.waiting, cycle.held_entries = waiting_plan(cycle.workspace, cycle.actor, cycle.today)


def _ask_held(cycle: Cycle) -> None:
    cycle.query_files += ask_held(cycle.workspace, cycle.held_entries, cycle.actor, cycle.today)


STAGES = (
    Stage("read what ACE sent", _read, changes=True),
    Stage("reopen what ACE took back", _reopen, changes=True),
    Stage("settle what stands in ACE", _settle, changes=True),
    Stage("carry out approved acts", _carry_out, changes=True),
    Stage("write approved batches", _write, changes=True),
    Stage("ask ACE", _ask, changes=True),
    Stage("plan batches", _plan, changes=False),
    Stage("ask about entries held back", _ask_held, changes=True),
)
"""The cycle, in its order: a plan is made when everything that ACE answered is in the journal."""


def run_cycle(workspace: Workspace, actor: str, today: date) -> CycleResult:
    """Run one cycle. Raises BadSettings if folders or password are not set."""
    cycle = Cycle(workspace, actor, today)
    for stage in STAGES:
        stage.run(cycle)
    return cycle_result(cycle)


def cycle_result(cycle: Cycle) -> CycleResult:
    """What the stages did, and how entries, files and batches are now."""
    workspace = cycle.workspace
    states = entry_decisions(workspace)
    foreign = excluded_entries(states, workspace.settings)
    steps: dict[str, list[str]] = {}
    for entry, decision in states:
        step = HELD if entry.number in foreign else str(decision.step)
        steps.setdefault(step, []).append(entry.number)
    return CycleResult(
        written=tuple(cycle.written),
        read=tuple(cycle.read),
        settled=tuple(cycle.settled),
        asked=tuple(cycle.query_files),
        waiting=cycle.waiting,
        steps=steps,
        held=cycle.held_entries | foreign,
        reopened=cycle.reopened,
        dropped=cycle.dropped,
        uncovered=missing_summary_lines(list_entry_states(workspace.journal)),
        meddled=tampered_files(workspace),
        silent=tuple(unanswered_batches(workspace.journal)),
        pace=sending_pace(workspace.journal, workspace.settings),
        carried=tuple(cycle.carried_out),
    )


def entry_decisions(workspace: Workspace) -> list[tuple[EntryState, EntryDecision]]:
    """Every recorded entry with its next step."""
    return list(entry_states(workspace.journal).decisions)


def write_approved(workspace: Workspace, actor: str) -> tuple[list[WrittenBatch], dict[str, str]]:
    """Write the batches of every approved plan that is not done. A plan of which an entry fell out,
    or whose day is over, is dropped with its reason, and keeps no other plan back. Raises Refused for
    an actor who was revoked."""
    journal, content, settings = workspace.journal, workspace.content, workspace.settings
    refuse_revoked(journal, actor)
    written: list[WrittenBatch] = []
    dropped: dict[str, str] = {}
    going = {plan.digest for plan in approved_plans(journal, content, settings(ApprovalSettings).persons)}
    for interrupted in interrupted_plans(journal, content):
        if interrupted.digest not in going:
            written += finish_batches(journal, settings, interrupted, actor)
    for ready in approved_plans(journal, content, settings(ApprovalSettings).persons):
        finished = finish_batches(journal, settings, ready, actor)
        try:
            written += write_plan_batches(journal, content, workspace.vault, settings, ready, actor)
        except Refused as refusal:
            written += finished
            dropped[ready.digest] = str(refusal)
            drop_plan(journal, ready, str(refusal), actor)
    return written, dropped


def waiting_plan(workspace: Workspace, actor: str, today: date) -> tuple[SendingPlan | None, dict[str, Problem]]:
    """The plan that lacks an approval, made if entries are ready, and the entries that are due but
    cannot be written, with the reason: their desks must correct them."""
    try:
        plan = make_sending_plan(workspace.journal, workspace.content, workspace.settings, actor, today)
    except HeldBack as held_back:
        return None, {problem.subject: problem for problem in held_back.problems}
    if plan is None:
        return None, {}
    granted = find_approval(workspace.journal, plan.digest).granted_by
    waits = len(granted) < approvals_needed(workspace.settings(ApprovalSettings).persons)
    return (plan if waits else None), plan.held


def reopen(workspace: Workspace, actor: str) -> dict[str, str]:
    """Reopen settled entries that ACE took back since, with what it said: they are asked about and
    judged anew, and block the signature."""
    reasons = {}
    for entry in list_entry_states(workspace.journal):
        if reason := reversal_reason(entry):
            body = EntryReopened(number=entry.number, reason=reason)
            key = f"reopened:{entry.number}:{entry.since}"
            if workspace.journal.append(body, f"entry/{entry.number}", actor, key=key):
                reasons[entry.number] = reason
    return reasons


def settle(workspace: Workspace, actor: str) -> list[str]:
    """Settle what ACE shows as on the paper; the proof is what ACE said."""
    due = [
        (entry, decision)
        for entry, decision in entry_decisions(workspace)
        if entry.state == "recorded" and decision.step is NextStep.SETTLE
    ]
    bodies = [
        EntrySettled(number=entry.number, how=decision.why, proof=_proof(workspace, entry)) for entry, decision in due
    ]
    if not bodies:
        return []
    with workspace.journal.write(actor) as pen:
        return [
            entry.number
            for (entry, _), body in zip(due, bodies, strict=True)
            if pen.append(body, f"entry/{entry.number}", f"settled:{entry.number}:{entry.since}")
        ]


def _proof(workspace: Workspace, entry: EntryState) -> str:
    statuses = {about: msgspec.to_builtins(status) for about, status in entry.ace_statuses.items()}
    return workspace.content.put(canonical({"number": entry.number, "ace": statuses}).encode())


def ask_first(workspace: Workspace, actor: str, today: date) -> list[str]:
    """Write the queries that are due; with the setting `ask_first` off, only those that a crash left
    unwritten. Returns the names of the files."""
    if workspace.settings(AceSettings).ask_first:
        return write_cycle_queries(workspace, actor, today)
    return finish_queries(workspace, actor)


def write_cycle_queries(workspace: Workspace, actor: str, today: date) -> list[str]:
    """Write the queries that are due; returns the names of the files."""
    decisions = entry_decisions(workspace)
    bills = [entry for entry, decision in decisions if decision.step is NextStep.ASK and decision.ask == BILL]
    if _note_unaskable(workspace, bills, actor):
        decisions = entry_decisions(workspace)
    return write_due_queries(workspace, decisions, actor, today)


def ask_held(workspace: Workspace, held_numbers: Collection[str], actor: str, today: date) -> list[str]:
    """Ask again for entries that are due and cannot be written: an officer may key them meanwhile,
    and what ACE said of them grows old."""
    if not held_numbers or not workspace.settings(AceSettings).ask_first:
        return []
    decisions = [
        (entry, EntryDecision(NextStep.WAIT, "held back", about))
        for entry, _ in entry_decisions(workspace)
        if entry.number in held_numbers
        for about in (SUMMARY, RELEASE)
    ]
    return write_due_queries(workspace, decisions, actor, today)


def _note_unaskable(workspace: Workspace, entries: Sequence[EntryState], actor: str) -> list[str]:
    """Entries whose bills CQ has no room for, or that are on no electronic manifest, noted so."""
    numbers = entries_without_queries(workspace, entries)
    if not numbers:
        return []
    lines = [
        AnswerLine(number=number, disposition="not found", text="CQ cannot ask for its bill") for number in numbers
    ]
    body = AnswerRead(application="", about=BILL, batch="", content="", rejected=False, lines=lines)
    workspace.journal.append(body, "answer/none", actor)
    return numbers
