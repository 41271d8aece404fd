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


def classify(entry: EntryState) -> EntryDecision:
    """The next step of one recorded entry. Pure, so that it is worked out once for each state."""
    cache = vars(entry)
    if "decision" not in cache:
        cache["decision"] = _decide(entry)
    return cache["decision"]


def _decide(entry: EntryState) -> EntryDecision:
    if entry.state != "recorded":
        return EntryDecision(NextStep.SETTLE, entry.state)
    facts = derive_facts(entry)
    rule = first_rule(facts)
    details = _Details(entry, facts)
    decision = EntryDecision(rule.step, rule.why.format_map(details), rule.ask)
    decision = _with_rejected_queries(entry, _require_ready(entry, decision) if rule.step in SENDING else decision)
    return decision if "uncovered" in details else _with_missing_summary(entry, decision)


def lacks_summary(entry: EntryState) -> bool:
    """Whether it came in and no summary of our journal can take it."""
    uncovered = bool(entry.uncovered) and entry.state == "recorded"
    return uncovered and paper_outcome(entry) in FILED and route_of(entry) == ORPHAN


def _with_missing_summary(entry: EntryState, decision: EntryDecision) -> EntryDecision:
    """A summary that is wanting is told from the first day, not when all else is done."""
    if entry.uncovered is None or not lacks_summary(entry):
        return decision
    return EntryDecision(decision.step, f"{decision.why}; then: {problem_text(entry.uncovered)}", decision.ask)


def problem_text(problem: Problem) -> str:
    """What is wrong and what to do, for a person."""
    return ": ".join(filter(None, (problem.wrong, problem.right)))


def _with_rejected_queries(entry: EntryState, decision: EntryDecision) -> EntryDecision:
    """What waits for an answer waits for a person where ACE looks at none of our queries."""
    reasons = entry.query_rejections.get(IMPORTER if decision.ask == CONSIGNEE else decision.ask)
    if reasons is None or decision.step not in (NextStep.ASK, NextStep.WAIT):
        return decision
    why = reasons_text(reasons) or "CBP gave no reason"
    text = f"ACE rejects our questions whole ({why}): mend password, filer or port; it is asked again"
    return EntryDecision(NextStep.PERSON, text, decision.ask)


def reversal_reason(entry: EntryState) -> str:
    """What ACE reported after an entry was settled that takes the settlement away, in words; empty
    where nothing does."""
    if entry.state != "settled":
        return ""
    action, notice = entry.ace_statuses.get(ACTION), entry.ace_statuses.get(NOTICE)
    if action is not None and action.seq > entry.since:
        return f"CBP, of the summary: {action.message or action.code}"
    if notice is None or notice.seq <= entry.since:
        return ""
    text = f"ACE, of the release: {notice.release or notice.message or 'on file'}"
    other_day = notice.release_date and entry.released and notice.release_date != entry.released
    if goods_status(notice.release_code) not in (None, GoodsStatus.RELEASED, GoodsStatus.ADMISSIBLE):
        return text
    if other_day:
        return f"paper {entry.released}, ACE {notice.release_date}"
    return text if paper_outcome(entry) is PaperOutcome.CLOSED else ""


class _Details(dict[str, str]):
    """What a rule's words can name, worked out when they do; it holds what they named."""

    def __init__(self, entry: EntryState, facts: EntryFacts) -> None:
        self._one, self._facts = entry, facts

    def __missing__(self, name: str) -> str:
        self[name] = _DETAILS[name](self._one, self._facts)
        return self[name]


def _summary_detail(entry: EntryState, facts: EntryFacts) -> str:
    status = entry.ace_statuses.get(SUMMARY)
    if status is None:
        return ""
    if status.disposition not in HELD:
        return f"{status.disposition} {status.message}".strip()
    state = [status.summary, status.control and f"in {status.control} control", status.message]
    return ", ".join(part for part in state if part) or "nothing of its state"


def _bill_detail(entry: EntryState, facts: EntryFacts) -> str:
    status = entry.ace_statuses.get(BILL)
    return f"{status.message or status.disposition}" if status else ""


def _version_detail(entry: EntryState, facts: EntryFacts) -> str:
    status = entry.ace_statuses.get(SUMMARY)
    return status.version if status else ""


def _differences_detail(entry: EntryState, facts: EntryFacts) -> str:
    differs = status.differs if (status := entry.ace_statuses.get(SUMMARY)) else ()
    omitted_count = len(differs) - _MOST_DIFFERENCES
    texts = [difference_text(difference) for difference in differs[:_MOST_DIFFERENCES]]
    return "; ".join([*texts, *([f"and {omitted_count} more"] if omitted_count > 0 else [])])


_MOST_DIFFERENCES = 12
"""Fields that a line of reasons names; an approval shows all."""


def first_three(numbers: Sequence[str]) -> str:
    """The first three, and how many more there are."""
    return ", ".join(numbers[:3]) + (f" and {len(numbers) - 3} more" if numbers[3:] else "")


def _batch_detail(application: str) -> Detail:
    def batch_of(entry: EntryState, facts: EntryFacts) -> str:
        sent = entry.sent.get(application)
        return sent.batch if sent else ""

    return batch_of


def _code_detail(application: str) -> Detail:
    def code_of(entry: EntryState, facts: EntryFacts) -> str:
        sent = entry.sent.get(application)
        return reasons_text(sent.reasons if sent else ()) or "CBP gave no code"

    return code_of


def _rejection_detail(application: str) -> Detail:
    def rejection_of(entry: EntryState, facts: EntryFacts) -> str:
        sent = entry.sent.get(application)
        is_whole = sent is not None and sent.state == "batch rejected"
        return "alone in its batch, rejected whole" if is_whole else "rejected"

    return rejection_of


_DETAILS: Mapping[str, Detail] = {
    "outcome": lambda entry, facts: entry.outcome or f"route {entry.route}",
    "released": lambda entry, facts: entry.released,
    "dated": lambda entry, facts: facts.dated,
    "code": lambda entry, facts: facts.code,
    "says": lambda entry, facts: facts.ace_text,
    "route": lambda entry, facts: entry.route,
    "bill": _bill_detail,
    "summary": _summary_detail,
    "version": _version_detail,
    "differs": _differences_detail,
    "covered_by": lambda entry, facts: entry.covered_by,
    "uncovered": lambda entry, facts: problem_text(entry.uncovered) if entry.uncovered else "",
    "covers": lambda entry, facts: str(len(entry.covers)),
    "awaited": lambda entry, facts: first_three(entry.awaited),
    **{f"{name.lower()}_batch": _batch_detail(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_code": _code_detail(name) for name in ("SE", "AE")},
    **{f"{name.lower()}_refused": _rejection_detail(name) for name in ("SE", "AE")},
}


def _require_ready(entry: EntryState, sending: EntryDecision) -> EntryDecision:
    """What may go to ACE goes when it is complete, bonded, and its parties are known."""
    if sending.step is not NextStep.SEND_RELEASE and not entry.complete:
        return EntryDecision(NextStep.ASK_IMPORTER, "the summary lacks data")
    if not entry.bonded:
        missing = "; ".join(map(bond_text, entry.open_bonds))
        return EntryDecision(NextStep.SURETY, f"the surety's eBond is not confirmed: {missing or 'bond'}")
    for about in entry.parties:
        if (missing := _unknown_party(entry, about)) is not None:
            return missing
    if (problem := coverage_fault(entry)) is not None:
        why = f"{problem_text(problem)} (continuity reconcile letters)"
        return EntryDecision(NextStep.PERSON, why, IMPORTER)
    return sending


def _unknown_party(entry: EntryState, about: str) -> EntryDecision | None:
    """What is to be done about an importer or consignee that ACE is not known to take."""
    status = entry.ace_statuses.get(about)
    if status is None:
        is_asked = entry.unanswered(about)
        text = f"is the {about} active in ACE?"
        text = f"asked: {text} No answer yet" if is_asked else text
        return EntryDecision(NextStep.WAIT if is_asked else NextStep.ASK, text, about)
    if status.disposition in FAILURES:
        return EntryDecision(NextStep.WAIT, f"KI failed for the {about}: it is asked again", about)
    if status.disposition == "active":
        return None
    why = f"the {about} is {status.disposition} in ACE: Form 5106 first (continuity reconcile letters)"
    return EntryDecision(NextStep.FORM, why, about)
