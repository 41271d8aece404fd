"""What happens next with an entry: the first rule that fits its facts, in words for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from tasks.core.errors import Problem
from tasks.reconciliation.decisions.bond_coverage import bond_text, coverage_fault
from tasks.reconciliation.decisions.entry_facts import (
    FAILURES,
    HELD,
    EntryFacts,
    PaperOutcome,
    derive_facts,
    paper_outcome,
)
from tasks.reconciliation.decisions.release_codes import GoodsStatus, goods_status
from tasks.reconciliation.decisions.rule_table import FILED, SENDING, NextStep, first_rule
from tasks.reconciliation.state.entry_state import (
    ACTION,
    BILL,
    CONSIGNEE,
    IMPORTER,
    NOTICE,
    ORPHAN,
    SUMMARY,
    EntryState,
    difference_text,
    route_of,
)
from tasks.reconciliation.state.rejections import reasons_text

Detail = Callable[[EntryState, EntryFacts], str]


class EntryDecision(msgspec.Struct, frozen=True):
    """The next step, what to ask ACE about (again) meanwhile, and why in words for a person."""

    step: NextStep
    why: str
    ask: str = ""


def classify(one: EntryState) -> EntryDecision:
    """The next step of one recorded entry. Pure, so that it is worked out once for each state."""
    kept = vars(one)
    if "verdict" not in kept:
        kept["verdict"] = _classified(one)
    return kept["verdict"]


def _classified(one: EntryState) -> EntryDecision:
    if one.state != "recorded":
        return EntryDecision(NextStep.SETTLE, one.state)
    facts = derive_facts(one)
    rule = first_rule(facts)
    details = _Details(one, facts)
    verdict = EntryDecision(rule.step, rule.why.format_map(details), rule.ask)
    verdict = _heard(one, _ready(one, verdict) if rule.step in SENDING else verdict)
    return verdict if "uncovered" in details else _noted(one, verdict)


def lacks_summary(one: EntryState) -> bool:
    """Whether it came in and no summary of our book can take it."""
    open_ = bool(one.uncovered) and one.state == "recorded"
    return open_ and paper_outcome(one) in FILED and route_of(one) == ORPHAN


def _noted(one: EntryState, verdict: EntryDecision) -> EntryDecision:
    """A summary that is wanting is told from the first day, not when all else is done."""
    if one.uncovered is None or not lacks_summary(one):
        return verdict
    return EntryDecision(verdict.step, f"{verdict.why}; then: {problem_text(one.uncovered)}", verdict.ask)


def problem_text(problem: Problem) -> str:
    """What is wrong and what to do, for a person."""
    return ": ".join(filter(None, (problem.wrong, problem.right)))


def _heard(one: EntryState, verdict: EntryDecision) -> EntryDecision:
    """What waits for an answer waits for a person where ACE looks at none of our questions."""
    reasons = one.refused.get(IMPORTER if verdict.ask == CONSIGNEE else verdict.ask)
    if reasons is None or verdict.step not in (NextStep.ASK, NextStep.WAIT):
        return verdict
    why = reasons_text(reasons) or "CBP gave no reason"
    words = f"ACE rejects our questions whole ({why}): mend password, filer or port; it is asked again"
    return EntryDecision(NextStep.PERSON, words, verdict.ask)


def reversal_reason(one: EntryState) -> str:
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
    if goods_status(told.release_code) not in (None, GoodsStatus.FREE, GoodsStatus.ADMISSIBLE):
        return words
    if other_day:
        return f"paper {one.released}, ACE {told.release_date}"
    return words if paper_outcome(one) is PaperOutcome.CLOSED else ""


class _Details(dict[str, str]):
    """What a rule's words can name, worked out when they do; it holds what they named."""

    def __init__(self, one: EntryState, facts: EntryFacts) -> None:
        self._one, self._facts = one, facts

    def __missing__(self, name: str) -> str:
        self[name] = _DETAILS[name](self._one, self._facts)
        return self[name]


def _of_summary(one: EntryState, facts: EntryFacts) -> str:
    view = one.views.get(SUMMARY)
    if view is None:
        return ""
    if view.disposition not in HELD:
        return f"{view.disposition} {view.message}".strip()
    state = [view.summary, view.control and f"in {view.control} control", view.message]
    return ", ".join(part for part in state if part) or "nothing of its state"


def _bill(one: EntryState, facts: EntryFacts) -> str:
    view = one.views.get(BILL)
    return f"{view.message or view.disposition}" if view else ""


def _version(one: EntryState, facts: EntryFacts) -> str:
    view = one.views.get(SUMMARY)
    return view.version if view else ""


def _differs(one: EntryState, facts: EntryFacts) -> str:
    differs = view.differs if (view := one.views.get(SUMMARY)) else ()
    more = len(differs) - _MOST_DIFFERENCES
    shown = [difference_text(each) for each in differs[:_MOST_DIFFERENCES]]
    return "; ".join([*shown, *([f"and {more} more"] if more > 0 else [])])


_MOST_DIFFERENCES = 12
"""Fields that a line of reasons names; an approval shows all."""


def first_three(numbers: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    return ", ".join(numbers[:3]) + (f" and {len(numbers) - 3} more" if numbers[3:] else "")


def _batch(application: str) -> Detail:
    def told(one: EntryState, facts: EntryFacts) -> str:
        sent = one.sent.get(application)
        return sent.batch if sent else ""

    return told


def _code(application: str) -> Detail:
    def told(one: EntryState, facts: EntryFacts) -> str:
        sent = one.sent.get(application)
        return reasons_text(sent.reasons if sent else ()) or "CBP gave no code"

    return told


def _refused(application: str) -> Detail:
    def told(one: EntryState, facts: EntryFacts) -> str:
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
    "uncovered": lambda one, facts: problem_text(one.uncovered) if one.uncovered else "",
    "covers": lambda one, facts: str(len(one.covers)),
    "awaited": lambda one, facts: first_three(one.awaited),
    **{f"{name.lower()}_batch": _batch(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_code": _code(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_refused": _refused(name) for name in ("SE", "AE")},
}


def _ready(one: EntryState, go: EntryDecision) -> EntryDecision:
    """What may go to ACE goes when it is complete, bonded, and its parties are known."""
    if go.step is not NextStep.SEND_RELEASE and not one.complete:
        return EntryDecision(NextStep.CHASE, "the summary lacks data")
    if not one.bonded:
        missing = "; ".join(map(bond_text, one.open_bonds))
        return EntryDecision(NextStep.SURETY, f"the surety's eBond is not confirmed: {missing or 'bond'}")
    for about in one.parties:
        if (missing := _unknown_party(one, about)) is not None:
            return missing
    if (problem := coverage_fault(one)) is not None:
        why = f"{problem_text(problem)} (continuity reconcile letters)"
        return EntryDecision(NextStep.PERSON, why, IMPORTER)
    return go


def _unknown_party(one: EntryState, about: str) -> EntryDecision | None:
    """What is to be done about an importer or consignee that ACE is not known to take."""
    known = one.views.get(about)
    if known is None:
        asked = one.unanswered(about)
        words = f"is the {about} active in ACE?"
        words = f"asked: {words} No answer yet" if asked else words
        return EntryDecision(NextStep.WAIT if asked else NextStep.ASK, words, about)
    if known.disposition in FAILURES:
        return EntryDecision(NextStep.WAIT, f"KI failed for the {about}: it is asked again", about)
    if known.disposition == "active":
        return None
    why = f"the {about} is {known.disposition} in ACE: Form 5106 first (continuity reconcile letters)"
    return EntryDecision(NextStep.FORM, why, about)
