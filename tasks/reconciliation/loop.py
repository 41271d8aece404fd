"""One turn of the reconciliation, from any point: write what is approved, read what came, settle
what stands in ACE as on the paper, ask what is not known, plan what may go. Turns are run until
nothing changes; a crash between any two lines is mended by the next turn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date

from tasks.reconciliation import asking, outbound, plan, reading
from tasks.reconciliation.asking import House
from tasks.reconciliation.classify import Step, Verdict, classify
from tasks.reconciliation.view import BILL, RELEASE, SUMMARY, Standing, standings
from tasks.shared import approval, kinds
from tasks.shared.errors import HeldBack


@dataclass(frozen=True)
class Turn:
    """What a turn did, and what now waits for a person: the plan, and entries by step."""

    written: tuple[outbound.Written, ...]
    read: tuple[reading.Read, ...]
    settled: tuple[str, ...]
    asked: tuple[str, ...]
    waiting: plan.Plan | None
    steps: dict[str, list[str]]
    held: dict[str, str] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """True if something happened, so that another turn may do more."""
        fresh = [one for one in self.written if not one.again]
        return bool(fresh or self.settled or self.asked or any(one.answers for one in self.read))


def turn(house: House, actor: str, today: date) -> Turn:
    """Run one turn. Raises BadSettings if folders or password are not set."""
    written = write_approved(house, actor)
    read = reading.read_inbox(house, actor)
    settled = settle(house, actor)
    asked = ask(house, actor, today) if house.settings.ace.ask_first else []
    waiting, held = waiting_plan(house, actor, today)
    asked += ask_held(house, held, actor, today)
    steps: dict[str, list[str]] = {}
    for one, verdict in verdicts(house):
        steps.setdefault(str(verdict.step), []).append(one.number)
    return Turn(tuple(written), tuple(read), tuple(settled), tuple(asked), waiting, steps, held)


def verdicts(house: House) -> list[tuple[Standing, Verdict]]:
    """Every recorded entry with its next step."""
    return [(one, classify(one)) for one in standings(house.journal)]


def write_approved(house: House, actor: str) -> list[outbound.Written]:
    """Write the batches of every approved plan that is not done."""
    persons = house.settings.approval.persons
    return [
        one
        for ready in outbound.approved(house.journal, house.content, persons)
        for one in outbound.write(
            house.journal, house.content, house.vault, house.settings, ready, actor
        )
    ]


def waiting_plan(house: House, actor: str, today: date) -> tuple[plan.Plan | None, dict[str, str]]:
    """The plan that lacks an approval, made if entries are ready, and the entries that are due but
    cannot be written, with the reason: their desks must correct them."""
    try:
        made = plan.make(house.journal, house.content, house.settings, actor, today)
    except HeldBack as none:
        return None, {problem.value: problem.wrong for problem in none.problems}
    if made is None:
        return None, {}
    granted = approval.find(house.journal, made.digest).granted_by
    waits = len(granted) < approval.needed(house.settings.approval.persons)
    return (made if waits else None), made.held


def settle(house: House, actor: str) -> list[str]:
    """Settle what ACE shows as on the paper; the proof is what ACE said."""
    settled = []
    for one, verdict in verdicts(house):
        if one.state != "recorded" or verdict.step is not Step.SETTLE:
            continue
        said = {about: asdict(view) for about, view in one.views.items()}
        proof = house.content.put(kinds.canonical({"number": one.number, "ace": said}).encode())
        body = kinds.EntrySettled(number=one.number, how=verdict.why, proof=proof)
        if house.journal.append(body, f"entry/{one.number}", actor, key=f"settled:{one.number}"):
            settled.append(one.number)
    return settled


def ask(house: House, actor: str, today: date) -> list[str]:
    """Write the questions that are due; returns the names of the files."""
    known = verdicts(house)
    _note_unaskable(house, [one for one, v in known if v.step is Step.ASK and v.ask == BILL], actor)
    return asking.ask(house, verdicts(house), actor, today)


def ask_held(house: House, held: Collection[str], actor: str, today: date) -> list[str]:
    """Ask again for entries that are due and cannot be written: an officer may key them meanwhile,
    and what ACE said of them grows old."""
    if not house.settings.ace.ask_first:
        return []
    again = [
        (one, Verdict(Step.WAIT, "held back", about))
        for one, _ in verdicts(house)
        if one.number in held
        for about in (SUMMARY, RELEASE)
    ]
    return asking.ask(house, again, actor, today)


def _note_unaskable(house: House, some: Sequence[Standing], actor: str) -> None:
    """Bills that CQ has no room for, or that are on no electronic manifest, are noted as such."""
    numbers = asking.without_questions(house, some)
    if not numbers:
        return
    lines = [
        kinds.AnswerLine(number=number, disposition="not found", text="CQ cannot ask for its bill")
        for number in numbers
    ]
    body = kinds.AnswerRead(
        application="", about=BILL, batch="", content="", rejected=False, lines=lines
    )
    house.journal.append(body, "answer/none", actor)
