"""Acts that only a licence holder may let happen: settling by hand, a batch that ACE never got, an entry
that another filer took over, a number that is burnt.

Each binds to its proof and to the state that it was asked for in. Asked for once, it waits for its
approval; asked for again after that, it is done.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from tasks.reconciliation import other_number
from tasks.reconciliation.account import strays
from tasks.reconciliation.classify import Step, classify
from tasks.reconciliation.facts import HELD, Facts, Release, Summary, Way, facts_of
from tasks.reconciliation.outbound import outbound
from tasks.reconciliation.rejections import own_fault
from tasks.reconciliation.standings import standings
from tasks.reconciliation.view import SUMMARY, Standing
from tasks.shared import approval, kinds
from tasks.shared.ace_tables import BATCHES, SENT
from tasks.shared.errors import BadInput, NotApproved, NumberUnavailable, Problem, Refused
from tasks.shared.presented import prepared_for, presented
from tasks.shared.projections import WITH_ANOTHER
from tasks.workspace import Workspace

IN_ACE = (
    Step.SETTLE,
    Step.DIFFERS,
    Step.DATE,
    Step.PERSON,
    Step.TASK,
    Step.MEND,
    Step.CANCEL,
    Step.NO_FILING,
)
"""Steps at which ACE has something, or nothing is due: a licence holder may accept that."""


def settle(
    workspace: Workspace,
    numbers: list[str],
    how: str,
    proof: bytes,
    actor: str,
    *,
    not_in_ace: bool = False,
) -> str:
    """Settle recorded entries by proof, once a licence holder approved it; returns its digest.

    Raises BadInput without words or proof, NumberUnavailable if a number is not recorded, Refused
    for an entry that ACE does not show unless `not_in_ace` says so, NotApproved until approved.
    """
    _worded(how, proof)
    known = {one.number: one for one in standings(workspace.journal)}
    for number in numbers:
        _may_be_settled(known.get(number), number, not_in_ace)
    facts = {"numbers": {number: _bound(known[number]) for number in numbers}, "how": how,
             "not_in_ace": not_in_ace}  # fmt: skip
    some = f"{len(numbers)} entries" if numbers[3:] else ", ".join(numbers)
    what = f"settle {some}: {how}"
    plan, kept = _approved(workspace, "settle", what, facts, proof, actor)
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            body = kinds.EntrySettled(number=number, how=how, proof=kept, approval=plan)
            pen.append(body, f"entry/{number}", key=f"settled:{number}:{known[number].since}")
    return kept


def _bound(one: Standing) -> dict[str, object]:
    """What an approver of a settlement sees of an entry, bound with it: everything that ACE has
    otherwise than our record. `since`: the event of its state."""
    view, dated = one.views.get(SUMMARY), facts_of(one).dated
    shown = view is not None and view.disposition in HELD
    difference = list(view.differs) if view is not None and shown else ["ACE shows no summary"]
    if dated and one.released and dated != one.released:
        difference.append(f"Release date: paper {one.released}, ACE {dated}")
    return {"difference": difference, "since": one.since}


def _may_be_settled(one: Standing | None, number: str, not_in_ace: bool) -> None:
    if one is None or one.state != "recorded":
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-not-recorded", number=number, state=state)
    verdict = classify(one)
    if verdict.step not in IN_ACE and not not_in_ace:
        raise Refused("entry-not-in-ace", number=number, step=verdict.step, why=verdict.why)


def not_received(
    workspace: Workspace, batch: str, reason: str, proof: bytes, actor: str
) -> list[str]:
    """Note that ACE never got a batch, once a licence holder approved it; returns its numbers,
    which may go again after ACE was asked anew.

    Raises BadInput without words or proof, Refused for a batch that is not waiting for its answer
    or whose file still lies in the outbound folder, NotApproved until approved.
    """
    _worded(reason, proof)
    query = sa.select(SENT.c.number).where(SENT.c.batch == batch, SENT.c.state == "waiting")
    numbers = sorted(row.number for row in workspace.journal.rows(query))
    if not numbers:
        raise Refused("batch-not-awaiting-answer", batch=batch)
    (file,) = (row.file for row in workspace.journal.rows(sa.select(BATCHES).where(
        BATCHES.c.batch == batch)))  # fmt: skip
    with outbound(workspace.settings, workspace.journal) as folder:
        if folder.size(file) is not None or folder.hides(file):
            raise Refused("outbound-file-not-removed", file=file, label=folder.label)  # fmt: skip
    what = f"batch {batch} never reached ACE ({len(numbers)} entries): {reason}"
    facts = {"batch": batch, "numbers": numbers, "reason": reason}
    plan, kept = _approved(workspace, "batch not received", what, facts, proof, actor)
    body = kinds.BatchNotReceived(batch=batch, reason=reason, proof=kept, approval=plan)
    workspace.journal.append(body, f"batch/{batch}", actor, key=f"not received:{batch}")
    return numbers


def hand_over(workspace: Workspace, number: str, other: str, proof: bytes, actor: str) -> str:
    """Note that another filer filed a recorded entry under a number of its own, once a licence
    holder approved it; returns that number.

    Raises BadInput for a number of ours or without proof, NumberUnavailable if it is not recorded,
    Refused while it stands in ACE under our number or may still do so, if it was presented to CBP
    under our number, or if it was sealed for another filer than this; NotApproved until approved.
    """
    _worded("handed over", proof)
    taken = other_number.read(other)
    ours = workspace.settings.broker.filer_code
    if taken.filer == ours:
        raise BadInput("handover-to-own-filer", taken=taken)
    one = _may_be_handed_over(workspace, number, taken.filer)
    what = f"{number} was filed by {taken.filer} under {taken}"
    odd = other_number.doubt(workspace.journal, taken)
    caution = f". CAUTION: {odd}" if odd else ""
    facts = {"number": number, "other": str(taken), "since": one.since}
    try:
        plan, kept = _approved(workspace, "hand over", what + caution, facts, proof, actor)
    except NotApproved as waits:
        raise NotApproved(
            "filed-elsewhere-needs-approval", waits=waits, caution=caution, plan=waits.plan
        ) from None
    body = kinds.EntryHandedOver(
        number=number, filer=taken.filer, other_number=str(taken), proof=kept, approval=plan
    )
    workspace.journal.append(body, f"entry/{number}", actor, key=f"handed over:{number}")
    return str(taken)


def require_ours_alone(workspace: Workspace, numbers: Sequence[str]) -> None:
    """Raises Refused, with every reason, unless ACE has nothing under these numbers, nor may have,
    and none was presented to CBP: only then may another broker take them over."""
    known = {one.number: one for one in standings(workspace.journal)}
    problems = [
        Problem(
            column="Entry number",
            value=number,
            code="entry-not-transferable",
            values={"reason": reason},
        )
        for number in numbers
        if (reason := _in_ace(facts_of(known[number])) if number in known else "")
        or (reason := presented(workspace.journal, number))
    ]
    if problems:
        raise Refused("entries-already-with-cbp", problems)


def _may_be_handed_over(workspace: Workspace, number: str, filer: str) -> Standing:
    one = _recorded(workspace, number, "handed over", WITH_ANOTHER)
    if standing := _in_ace(facts_of(one)):
        raise Refused("entry-active-in-ace", number=number, standing=standing)
    if reason := presented(workspace.journal, number):
        raise Refused("entry-presented-to-cbp", number=number, reason=reason)
    given = prepared_for(workspace.journal, number) if one.state == WITH_ANOTHER else None
    if given is not None and given.filer != filer:
        raise Refused(
            "handover-sealed-for-other-filer",
            number=number,
            broker=given.broker,
            filer=given.filer,
            filer2=filer,
            handover=given.handover,
        )
    return one


def _in_ace(facts: Facts) -> str:
    """Where it stands in ACE under our number, or may: silence on a sending is no absence."""
    if facts.summary in (Summary.GOOD, Summary.DIFFERENT):
        return "has a summary in ACE"
    if facts.release in (Release.PENDING, Release.FREE, Release.OTHER_DAY, Release.STOPPED):
        return "has an entry in ACE"
    return "may stand in ACE" if {facts.se, facts.ae} & {Way.OUT, Way.FOUND} else ""


def burn(workspace: Workspace, number: str, reason: str, proof: bytes, actor: str) -> None:
    """Note that a number was cancelled in ACE and is never used again (CATAIR SE v40 p.32), once a
    licence holder approved it.

    Nobody asks ACE about a number that nobody recorded: there the proof is all. Raises BadInput without
    words or proof, NumberUnavailable for a number that is neither recorded nor in ACE without us,
    Refused while ACE, as far as we know, still has something under it, NotApproved until approved.
    """
    _worded(reason, proof)
    said: dict[str, object] = {"number": number, "reason": reason}
    if number not in strays(workspace.journal):
        one = _recorded(workspace, number, "burnt")
        facts = facts_of(one)
        gone = facts.summary is Summary.CANCELLED or facts.release is Release.GONE
        if not gone and (standing := _in_ace(facts)):
            raise Refused("entry-not-canceled-in-ace", number=number, standing=standing)
        said |= {"since": one.since}
    what = f"{number} is burnt: {reason}"
    plan, kept = _approved(workspace, "burn", what, said, proof, actor)
    body = kinds.EntryBurnt(number=number, reason=reason, proof=kept, approval=plan)
    workspace.journal.append(body, f"entry/{number}", actor, key=f"burnt:{number}")


def _recorded(workspace: Workspace, number: str, wanted: str, also: str = "recorded") -> Standing:
    one = next((one for one in standings(workspace.journal) if one.number == number), None)
    if one is None or one.state not in ("recorded", also):
        state = one.state if one else "in no record"
        raise NumberUnavailable("entry-state-not-recorded", number=number, state=state, name=wanted)
    return one


def send_again(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Let entries go again unchanged that ACE rejected for a cause outside the record, now mended.
    What goes out is asked about and approved as ever. Raises BadInput without a reason, Refused
    for an entry that was not rejected."""
    if not reason.strip():
        raise BadInput("correction-note-missing")
    known = {one.number: one for one in standings(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            one = known.get(number)
            step = classify(one).step if one else None
            if one is None or step not in (Step.OUTSIDE, Step.DESK):
                raise Refused("entry-not-rejected", number=number, step=step or "in no record")
            name = next(n for n in ("AE", "SE") if n in one.sent and own_fault(one.sent[n]))
            body = kinds.SendAgain(number=number, application=name, reason=reason)
            pen.append(body, f"entry/{number}", key=f"again:{number}:{one.sent[name].seq}")


def keep_release(workspace: Workspace, numbers: list[str], reason: str, actor: str) -> None:
    """Note that the release in ACE stands although the entry was revised since: a person looked at
    the difference or had CBP mend it. Raises BadInput without a reason, Refused where ACE took no
    release of ours."""
    if not reason.strip():
        raise BadInput("review-note-missing")
    known = {one.number: one for one in standings(workspace.journal)}
    with workspace.journal.write(actor) as pen:
        for number in numbers:
            one = known.get(number)
            if one is None or "SE" not in one.sent:
                raise Refused("release-not-accepted-by-ace", number=number)
            body = kinds.ReleaseKept(number=number, digest=one.release_digest, reason=reason)
            pen.append(body, f"entry/{number}", key=f"kept:{number}:{one.release_digest}")


def _worded(words: str, proof: bytes) -> None:
    if not words.strip() or not proof:
        raise BadInput("statement-or-proof-missing")


def _approved(
    workspace: Workspace, act: str, what: str, facts: dict[str, object], proof: bytes, actor: str
) -> tuple[str, str]:
    """The digests of the approved act and of its proof. Raises NotApproved after asking."""
    kept = workspace.content.put(proof)
    said = kinds.canonical({"act": act, **facts, "proof": kept})
    plan = workspace.content.put(said.encode())
    approval.ask(workspace.journal, plan, what, [kept], actor)
    approval.require(workspace.journal, plan, [kept], workspace.settings.approval.persons)
    return plan, kept
