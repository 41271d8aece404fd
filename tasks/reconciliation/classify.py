"""What happens next with an entry: the first rule that fits its facts, in words for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from tasks.reconciliation import difference_words, reason_words
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
from tasks.reconciliation.routes import ORPHAN, route_of
from tasks.reconciliation.rules import FILED, SENDING, Step, first
from tasks.reconciliation.view import (
    ACTION,
    BILL,
    CONSIGNEE,
    IMPORTER,
    NOTICE,
    SUMMARY,
    Standing,
)
from tasks.shared.errors import Problem

__all__ = ["CLOSED", "HELD", "SENDING", "Step", "Verdict", "classify", "taken_back"]


Detail = Callable[[Standing, Facts], str]


class Verdict(msgspec.Struct, frozen=True):
    """The next step, what to ask ACE about (again) meanwhile, and why in words for a person."""

    step: Step
    why: str
    ask: str = ""


def classify(one: Standing) -> Verdict:
    """The next step of one recorded entry. Pure, so that it is worked out once for each state."""
    kept = vars(one)
    if "verdict" not in kept:
        kept["verdict"] = _classified(one)
    return kept["verdict"]


def _classified(one: Standing) -> Verdict:
    if one.state != "recorded":
        return Verdict(Step.SETTLE, one.state)
    facts = facts_of(one)
    rule = first(facts)
    details = _Details(one, facts)
    verdict = Verdict(rule.step, rule.why.format_map(details), rule.ask)
    verdict = _heard(one, _ready(one, verdict) if rule.step in SENDING else verdict)
    return verdict if "uncovered" in details else _noted(one, verdict)


def orphaned(one: Standing) -> bool:
    """Whether it came in and no summary of our book can take it."""
    open_ = bool(one.uncovered) and one.state == "recorded"
    return open_ and paper_of(one) in FILED and route_of(one) == ORPHAN


def _noted(one: Standing, verdict: Verdict) -> Verdict:
    """A summary that is wanting is told from the first day, not when all else is done."""
    if one.uncovered is None or not orphaned(one):
        return verdict
    return Verdict(verdict.step, f"{verdict.why}; then: {stated(one.uncovered)}", verdict.ask)


def stated(problem: Problem) -> str:
    """What is wrong and what to do, for a person."""
    return ": ".join(filter(None, (problem.wrong, problem.right)))


def _heard(one: Standing, verdict: Verdict) -> Verdict:
    """What waits for an answer waits for a person where ACE looks at none of our questions."""
    reasons = one.refused.get(IMPORTER if verdict.ask == CONSIGNEE else verdict.ask)
    if reasons is None or verdict.step not in (Step.ASK, Step.WAIT):
        return verdict
    why = reason_words.in_words(reasons) or "CBP gave no reason"
    words = (
        f"ACE rejects our questions whole ({why}): mend password, filer or port; it is asked again"
    )
    return Verdict(Step.PERSON, words, verdict.ask)


def taken_back(one: Standing) -> str:
    """What ACE told after an entry was settled that takes the settlement away, in words; empty
    where nothing does."""
    if one.state != "settled":
        return ""
    acted, told = one.views.get(ACTION), one.views.get(NOTICE)
    if acted is not None and acted.seq > one.since:
        return f"CBP, of the summary: {acted.message or acted.code}"
    if told is None or told.seq <= one.since:
        return ""
    words = f"ACE, of the release: {told.release or told.message or 'on file'}"
    other_day = told.release_date and one.released and told.release_date != one.released
    if held(told.release_code) not in (None, Held.FREE, Held.ADMISSIBLE):
        return words
    if other_day:
        return f"paper {one.released}, ACE {told.release_date}"
    return words if paper_of(one) is Paper.CLOSED else ""


class _Details(dict[str, str]):
    """What a rule's words can name, worked out when they do; it holds what they named."""

    def __init__(self, one: Standing, facts: Facts) -> None:
        self._one, self._facts = one, facts

    def __missing__(self, name: str) -> str:
        self[name] = _DETAILS[name](self._one, self._facts)
        return self[name]


def _of_summary(one: Standing, facts: Facts) -> str:
    view = one.views.get(SUMMARY)
    if view is None:
        return ""
    if view.disposition not in HELD:
        return f"{view.disposition} {view.message}".strip()
    state = [view.summary, view.control and f"in {view.control} control", view.message]
    return ", ".join(part for part in state if part) or "nothing of its state"


def _bill(one: Standing, facts: Facts) -> str:
    view = one.views.get(BILL)
    return f"{view.message or view.disposition}" if view else ""


def _version(one: Standing, facts: Facts) -> str:
    view = one.views.get(SUMMARY)
    return view.version if view else ""


def _differs(one: Standing, facts: Facts) -> str:
    differs = view.differs if (view := one.views.get(SUMMARY)) else ()
    more = len(differs) - _MOST_DIFFERENCES
    shown = [difference_words.in_words(each) for each in differs[:_MOST_DIFFERENCES]]
    return "; ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


_MOST_DIFFERENCES = 12
"""Fields that a line of reasons names; an approval shows all."""


def few(numbers: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    return ", ".join(numbers[:3]) + (f" and {len(numbers) - 3} more" if numbers[3:] else "")


def _batch(application: str) -> Detail:
    def told(one: Standing, facts: Facts) -> str:
        sent = one.sent.get(application)
        return sent.batch if sent else ""

    return told


def _code(application: str) -> Detail:
    def told(one: Standing, facts: Facts) -> str:
        sent = one.sent.get(application)
        return reason_words.in_words(sent.reasons if sent else ()) or "CBP gave no code"

    return told


def _refused(application: str) -> Detail:
    def told(one: Standing, facts: Facts) -> str:
        sent = one.sent.get(application)
        whole = sent is not None and sent.state == "batch rejected"
        return "alone in its batch, rejected whole" if whole else "rejected"

    return told


_DETAILS: Mapping[str, Detail] = {
    "outcome": lambda one, facts: one.outcome or f"route {one.route}",
    "released": lambda one, facts: one.released,
    "dated": lambda one, facts: facts.dated,
    "code": lambda one, facts: facts.code,
    "says": lambda one, facts: facts.says,
    "route": lambda one, facts: one.route,
    "bill": _bill,
    "summary": _of_summary,
    "version": _version,
    "differs": _differs,
    "covered_by": lambda one, facts: one.covered_by,
    "uncovered": lambda one, facts: stated(one.uncovered) if one.uncovered else "",
    "covers": lambda one, facts: str(len(one.covers)),
    "awaited": lambda one, facts: few(one.awaited),
    **{f"{name.lower()}_batch": _batch(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_code": _code(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_refused": _refused(name) for name in ("SE", "AE")},
}


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
    if (problem := fault(one)) is not None:
        why = f"{stated(problem)} (continuity reconcile letters)"
        return Verdict(Step.PERSON, why, IMPORTER)
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
