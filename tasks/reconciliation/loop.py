"""One turn of the reconciliation, from any point: read what came, reopen what ACE took back, settle
what stands in ACE as on the paper, write what is approved and still right, ask what is not known,
plan what may go. Turns are run until nothing changes; a crash between any two lines is mended by
the next turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import msgspec

from tasks.reconciliation import asking, outbound, pacing, plan, reading
from tasks.reconciliation.classify import Step, Verdict, classify, taken_back
from tasks.reconciliation.covering import without_summary
from tasks.reconciliation.filers import kept_back
from tasks.reconciliation.meddled import meddled
from tasks.reconciliation.rules import HELD
from tasks.reconciliation.silent import silent
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import BILL, RELEASE, SUMMARY, Standing
from tasks.shared import approval, kinds, people
from tasks.shared.errors import HeldBack, Problem, Refused
from tasks.workspace import Workspace


@dataclass(frozen=True)
class Turn:
    """What a turn did, and what now waits for a person: the plan, and entries by step."""

    written: tuple[outbound.Written, ...]
    read: tuple[reading.Read, ...]
    settled: tuple[str, ...]
    asked: tuple[str, ...]
    waiting: plan.Plan | None
    steps: dict[str, list[str]]
    held: dict[str, Problem] = field(default_factory=dict)
    reopened: dict[str, str] = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)
    """Settled numbers that ACE took back, and plans of which nothing more is written: why."""
    uncovered: list[str] = field(default_factory=list)
    """A line for each number under which a summary is to cover releases, and none of the book goes."""
    meddled: dict[str, str] = field(default_factory=dict)
    """Files of the outbound folder that somebody edited or renamed, and what to do."""
    silent: list[str] = field(default_factory=list)
    """A line for each batch without an answer long after it was written."""
    paced: str = ""
    """Why files wait although they might go; empty if none does."""

    @property
    def moved(self) -> bool:
        """True if something happened, so that another turn may do more."""
        fresh = [one for one in self.written if not one.again]
        done = self.settled or self.reopened or self.dropped or self.asked
        return bool(fresh or done or any(one.answers for one in self.read))


def turn(workspace: Workspace, actor: str, today: date) -> Turn:
    """Run one turn. Raises BadSettings if folders or password are not set."""
    read = reading.read_inbox(workspace, actor)
    reopened = reopen(workspace, actor)
    settled = settle(workspace, actor)
    written, dropped = write_approved(workspace, actor)
    asked = ask_first(workspace, actor, today)
    waiting, held = waiting_plan(workspace, actor, today)
    asked += ask_held(workspace, held, actor, today)
    steps: dict[str, list[str]] = {}
    known = verdicts(workspace)
    others = kept_back(known, workspace.settings)
    for one, verdict in known:
        step = HELD if one.number in others else str(verdict.step)
        steps.setdefault(step, []).append(one.number)
    pace = pacing.pace(workspace.journal, workspace.settings)
    return Turn(tuple(written), tuple(read), tuple(settled), tuple(asked), waiting, steps, held | others,
                reopened, dropped, without_summary(standings(workspace.journal)),
                meddled(workspace), [one.words for one in silent(workspace.journal)],
                "" if pace.left else str(pace))  # fmt: skip


def verdicts(workspace: Workspace) -> list[tuple[Standing, Verdict]]:
    """Every recorded entry with its next step."""
    return [(one, classify(one)) for one in standings(workspace.journal)]


def write_approved(
    workspace: Workspace, actor: str
) -> tuple[list[outbound.Written], dict[str, str]]:
    """Write the batches of every approved plan that is not done. A plan of which an entry fell out,
    or whose day is over, is dropped with its reason, and keeps no other plan back. Raises Refused for
    an actor who was revoked."""
    journal, content, settings = workspace.journal, workspace.content, workspace.settings
    people.refuse_revoked(journal, actor)
    written: list[outbound.Written] = []
    dropped: dict[str, str] = {}
    going = {plan.digest for plan in outbound.approved(journal, content, settings.approval.persons)}
    for half in outbound.half_done(journal, content):
        if half.digest not in going:
            written += outbound.finish(journal, settings, half, actor)
    for ready in outbound.approved(journal, content, settings.approval.persons):
        half_done = outbound.finish(journal, settings, ready, actor)
        try:
            written += outbound.write(journal, content, workspace.vault, settings, ready, actor)
        except Refused as fallen:
            written += half_done
            dropped[ready.digest] = str(fallen)
            outbound.drop(journal, ready, str(fallen), actor)
    return written, dropped


def waiting_plan(
    workspace: Workspace, actor: str, today: date
) -> tuple[plan.Plan | None, dict[str, Problem]]:
    """The plan that lacks an approval, made if entries are ready, and the entries that are due but
    cannot be written, with the reason: their desks must correct them."""
    try:
        made = plan.make(workspace.journal, workspace.content, workspace.settings, actor, today)
    except HeldBack as none:
        return None, {problem.subject: problem for problem in none.problems}
    if made is None:
        return None, {}
    granted = approval.find(workspace.journal, made.digest).granted_by
    waits = len(granted) < approval.needed(workspace.settings.approval.persons)
    return (made if waits else None), made.held


def reopen(workspace: Workspace, actor: str) -> dict[str, str]:
    """Reopen settled entries that ACE took back since, with what it said: they are asked about and
    judged anew, and block the signature."""
    found = {}
    for one in standings(workspace.journal):
        if reason := taken_back(one):
            body = kinds.EntryReopened(number=one.number, reason=reason)
            key = f"reopened:{one.number}:{one.since}"
            if workspace.journal.append(body, f"entry/{one.number}", actor, key=key):
                found[one.number] = reason
    return found


def settle(workspace: Workspace, actor: str) -> list[str]:
    """Settle what ACE shows as on the paper; the proof is what ACE said."""
    due = [
        (one, verdict)
        for one, verdict in verdicts(workspace)
        if one.state == "recorded" and verdict.step is Step.SETTLE
    ]
    bodies = [
        kinds.EntrySettled(number=one.number, how=verdict.why, proof=_proof(workspace, one))
        for one, verdict in due
    ]
    if not bodies:
        return []
    with workspace.journal.write(actor) as pen:
        return [
            one.number
            for (one, _), body in zip(due, bodies, strict=True)
            if pen.append(body, f"entry/{one.number}", f"settled:{one.number}:{one.since}")
        ]


def _proof(workspace: Workspace, one: Standing) -> str:
    said = {about: msgspec.to_builtins(view) for about, view in one.views.items()}
    return workspace.content.put(kinds.canonical({"number": one.number, "ace": said}).encode())


def ask_first(workspace: Workspace, actor: str, today: date) -> list[str]:
    """Write the questions that are due; with the setting `ask_first` off, only those that a crash left
    unwritten. Returns the names of the files."""
    if workspace.settings.ace.ask_first:
        return ask(workspace, actor, today)
    return asking.finish(workspace, actor)


def ask(workspace: Workspace, actor: str, today: date) -> list[str]:
    """Write the questions that are due; returns the names of the files."""
    known = verdicts(workspace)
    bills = [one for one, v in known if v.step is Step.ASK and v.ask == BILL]
    if _note_unaskable(workspace, bills, actor):
        known = verdicts(workspace)
    return asking.ask(workspace, known, actor, today)


def ask_held(workspace: Workspace, held: Collection[str], actor: str, today: date) -> list[str]:
    """Ask again for entries that are due and cannot be written: an officer may key them meanwhile,
    and what ACE said of them grows old."""
    if not held or not workspace.settings.ace.ask_first:
        return []
    again = [
        (one, Verdict(Step.WAIT, "held back", about))
        for one, _ in verdicts(workspace)
        if one.number in held
        for about in (SUMMARY, RELEASE)
    ]
    return asking.ask(workspace, again, actor, today)


def _note_unaskable(workspace: Workspace, some: Sequence[Standing], actor: str) -> list[str]:
    """Entries whose bills CQ has no room for, or that are on no electronic manifest, noted so."""
    numbers = asking.without_questions(workspace, some)
    if not numbers:
        return []
    lines = [
        kinds.AnswerLine(number=number, disposition="not found", text="CQ cannot ask for its bill")
        for number in numbers
    ]
    body = kinds.AnswerRead(
        application="", about=BILL, batch="", content="", rejected=False, lines=lines
    )
    workspace.journal.append(body, "answer/none", actor)
    return numbers
