"""What happens next with an entry: the first rule that fits its facts, in words for a person."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.reconciliation.bond_words import in_words
from tasks.reconciliation.continuous import fault
from tasks.reconciliation.facts import (
    CLOSED,
    FAILURES,
    HELD,
    Facts,
    Paper,
    facts_of,
    paper_of,
)
from tasks.reconciliation.release import Held, held
from tasks.reconciliation.rules import SENDING, Step, first
from tasks.reconciliation.view import ACTION, BILL, IMPORTER, NOTICE, SUMMARY, Standing

__all__ = ["CLOSED", "HELD", "SENDING", "Step", "Verdict", "classify", "taken_back"]


@dataclass(frozen=True)
class Verdict:
    """The next step, what to ask ACE about (again) meanwhile, and why in words for a person."""

    step: Step
    why: str
    ask: str = ""


def classify(one: Standing) -> Verdict:
    """The next step of one recorded entry. Pure: the same standing gives the same verdict."""
    if one.state != "recorded":
        return Verdict(Step.SETTLE, one.state)
    facts = facts_of(one)
    rule = first(facts)
    verdict = Verdict(rule.step, rule.why.format_map(_details(one, facts)), rule.ask)
    return _ready(one, verdict) if rule.step in SENDING else verdict


def taken_back(one: Standing) -> str:
    """What ACE told after an entry was settled that takes the settlement away, in words; empty
    where nothing does."""
    if one.state != "settled":
        return ""
    acted, told = one.views.get(ACTION), one.views.get(NOTICE)
    if acted is not None and acted.seq > one.since:
        return f"CBP, of the summary: {acted.text or acted.code}"
    if told is None or told.seq <= one.since:
        return ""
    words = f"ACE, of the release: {told.release or told.text or 'on file'}"
    other_day = told.release_date and one.released and told.release_date != one.released
    if held(told.release_code) not in (None, Held.FREE, Held.ADMISSIBLE):
        return words
    if other_day:
        return f"paper {one.released}, ACE {told.release_date}"
    return words if paper_of(one) is Paper.CLOSED else ""


def _details(one: Standing, facts: Facts) -> dict[str, str]:
    summary, bill = one.views.get(SUMMARY), one.views.get(BILL)
    found = {"outcome": one.outcome or f"route {one.route}", "released": one.released,
             "dated": facts.dated, "code": facts.code, "says": facts.says, "route": one.route,
             "bill": f"{bill.text or bill.disposition}" if bill else ""}  # fmt: skip
    for application, name in (("SE", "se"), ("AE", "ae")):
        sent = one.sent.get(application)
        found |= {f"{name}_batch": sent.batch if sent else "",
                  f"{name}_code": (sent.code if sent else "") or "CBP gave no code",
                  f"{name}_refused": "alone in its batch, rejected whole"
                  if sent and sent.state == "batch rejected" else "rejected"}  # fmt: skip
    if summary is not None:
        state = [summary.summary, summary.control and f"in {summary.control} control", summary.text]
        said = ", ".join(part for part in state if part) or "nothing of its state"
        known = summary.disposition in HELD
        found |= {"summary": said if known else f"{summary.disposition} {summary.text}".strip(),
                  "version": summary.version, "differs": "; ".join(summary.differs)}  # fmt: skip
    return found


def _ready(one: Standing, go: Verdict) -> Verdict:
    """What may go to ACE goes when it is complete, bonded, and its parties are known."""
    if go.step is not Step.SEND_RELEASE and not one.complete:
        return Verdict(Step.CHASE, "the summary lacks data")
    if not one.bonded:
        missing = "; ".join(map(in_words, one.open_bonds))
        return Verdict(Step.SURETY, f"the surety's eBond is not confirmed: {missing or 'bond'}")
    for about in one.parties:
        if (missing := _unknown_party(one, about)) is not None:
            return missing
    if uncovered := fault(one):
        mend = "the surety files one that does, or the desk records a single transaction bond"
        return Verdict(Step.PERSON, f"{uncovered}: {mend} (continuity reconcile letters)", IMPORTER)
    return go


def _unknown_party(one: Standing, about: str) -> Verdict | None:
    """What is to be done about an importer or consignee that ACE is not known to take."""
    known = one.views.get(about)
    if known is None:
        asked = one.unanswered(about)
        words = f"is the {about} active in ACE?"
        words = f"asked: {words} No answer yet" if asked else words
        return Verdict(Step.WAIT if asked else Step.ASK, words, about)
    if known.disposition in FAILURES:
        return Verdict(Step.WAIT, f"KI failed for the {about}: it is asked again", about)
    if known.disposition == "active":
        return None
    why = (
        f"the {about} is {known.disposition} in ACE: Form 5106 first (continuity reconcile letters)"
    )
    return Verdict(Step.FORM, why, about)
