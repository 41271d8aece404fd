"""The rules of the reconciliation, as a broker would read them: paper outcome x what ACE shows x what
we sent. Read from the top, the first row that fits decides.

What all of them serve: an entry is sent only if, asked after its last sending and revision, ACE
shows neither a summary nor another release of its bill, the paper outcome allows it, and its last
sending was definitely not processed or refused. Silence and failure are never taken for absence
(CQ 950, CATAIR CQ v21 p.12-13).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from tasks.reconciliation.decisions.entry_facts import (
    BillStatus,
    EntryFacts,
    PaperOutcome,
    ReleaseStatus,
    SendingStatus,
    SummaryStatus,
)
from tasks.reconciliation.state.entry_state import (
    BILL,
    CARRIED,
    CONSOLIDATING,
    COVERED,
    GATHERING,
    LATE,
    LONE,
    ORPHAN,
    RELEASE,
    SUMMARY,
)


class NextStep(StrEnum):
    """What is to be done next."""

    NO_FILING = "no filing"
    AT_PORT = "waits at the port"
    ASK = "ask ACE"
    WAIT = "wait for ACE"
    SEND_RELEASE = "send the cargo release"
    SEND_SUMMARY = "send the summary"
    SEND_CERTIFIED = "send the certified summary"
    ASK_IMPORTER = "ask the importer"
    SURETY = "wait for the surety"
    FORM = "Form 5106 first"
    DESK = "back to the desk"
    OUTSIDE = "mend outside the record"
    TASK = "call the port today"
    CORRECT_IN_ACE = "mend in ACE today"
    CANCEL = "cancel in ACE"
    DATE = "release dates differ"
    DIFFERS = "differs from ACE"
    PERSON = "a person decides"
    SETTLE = "settled"


SENDING = (NextStep.SEND_RELEASE, NextStep.SEND_SUMMARY, NextStep.SEND_CERTIFIED)
HELD = "held back"
"""Its turn has come, but no record that ACE takes can be made of it."""


@dataclass(frozen=True)
class DecisionRule:
    """A row of the table. An empty column fits everything; `ask` is what ACE is asked (again)."""

    step: NextStep
    why: str
    ask: str = ""
    paper: Collection[str] = ()
    summary: Collection[str] = ()
    release: Collection[str] = ()
    se: Collection[str] = ()
    ae: Collection[str] = ()
    bill: Collection[str] = ()
    route: Collection[str] = ()

    def fits(self, facts: EntryFacts) -> bool:
        return all(getattr(facts, column) in allowed for column, allowed in self._filled)

    @cached_property
    def _filled(self) -> tuple[tuple[str, Collection[str]], ...]:
        columns = ("paper", "summary", "release", "se", "ae", "bill", "route")
        return tuple((name, allowed) for name in columns if (allowed := getattr(self, name)))


P, S, R, W, B = PaperOutcome, SummaryStatus, ReleaseStatus, SendingStatus, BillStatus
OURS = (P.OPEN, P.QUOTA, P.WITHDRAWAL, P.RELEASED)
FILED = (P.QUOTA, P.WITHDRAWAL, P.RELEASED)
ON_FILE = (R.PENDING, R.RELEASED, R.OTHER_DAY, R.STOPPED)
PARTS, WHOLES = (COVERED, CARRIED, LATE, ORPHAN), (CONSOLIDATING, GATHERING, LONE)
AWAY, ABROAD = (W.SENT, W.REVISED_SINCE), (W.SENT, W.REVISED_SINCE, W.ALREADY_ON_FILE)

RULES = (
    # A canceled number is never used again, whatever else is known (CATAIR SE v40 p.32).
    DecisionRule(NextStep.NO_FILING, "{outcome}, and cancelled in ACE", paper=[P.CLOSED], summary=[S.CANCELED]),
    DecisionRule(NextStep.PERSON, "cancelled in ACE: the number is burnt", SUMMARY, summary=[S.CANCELED]),
    # What the client must know today.
    DecisionRule(
        NextStep.TASK,
        "released on paper, ACE says {says} ({code}): the client holds the goods, the port gets the stamped copy today",
        RELEASE,
        paper=[P.RELEASED],
        release=[R.STOPPED],
    ),
    DecisionRule(
        NextStep.CORRECT_IN_ACE,
        "ACE says {says} ({code}): mend it with the port today, or the entry is lost",
        RELEASE,
        paper=OURS,
        release=[R.AT_RISK],
    ),
    # Nothing is decided before ACE was asked for the summary, then for the entry.
    DecisionRule(NextStep.ASK, "does ACE have a summary?", SUMMARY, summary=[S.UNASKED]),
    DecisionRule(NextStep.WAIT, "asked: does ACE have a summary? No answer yet", SUMMARY, summary=[S.ASKED]),
    DecisionRule(NextStep.WAIT, "EQ failed ({summary}): it is asked again", SUMMARY, summary=[S.FAILED]),
    DecisionRule(NextStep.PERSON, "EQ says {summary}", SUMMARY, summary=[S.UNCLEAR]),
    DecisionRule(
        NextStep.PERSON,
        "ACE has a summary of its own, though {covered_by} covers it",
        SUMMARY,
        summary=[S.MATCHES, S.DIFFERS],
        paper=OURS,
        route=PARTS,
    ),
    DecisionRule(NextStep.DIFFERS, "{differs}", SUMMARY, paper=FILED, summary=[S.DIFFERS]),
    DecisionRule(NextStep.ASK, "does ACE have an entry?", RELEASE, release=[R.UNASKED]),
    DecisionRule(NextStep.WAIT, "asked: does ACE have an entry? No answer yet", RELEASE, release=[R.ASKED]),
    DecisionRule(NextStep.WAIT, "CQ failed ({says}): it is asked again", RELEASE, release=[R.FAILED]),
    DecisionRule(NextStep.PERSON, "CQ says {says}", RELEASE, release=[R.UNCLEAR]),
    # Goods that did not come in: nothing is filed, and nothing may stand in ACE.
    DecisionRule(
        NextStep.CANCEL,
        "{outcome}, but ACE has a summary: ask CBP to cancel it",
        SUMMARY,
        paper=[P.CLOSED],
        summary=[S.MATCHES, S.DIFFERS],
    ),
    DecisionRule(
        NextStep.CANCEL,
        "{outcome}, but ACE has an entry ({says}): ask CBP to cancel it, reason 08 not arrived, 09 refused",
        RELEASE,
        paper=[P.CLOSED],
        release=[*ON_FILE, R.AT_RISK],
    ),
    DecisionRule(
        NextStep.CANCEL,
        "{outcome}, but ACE said already on file: ask CBP to cancel it",
        RELEASE,
        paper=[P.CLOSED],
        release=[R.NOT_VISIBLE],
        se=[W.ALREADY_ON_FILE],
    ),
    DecisionRule(
        NextStep.WAIT,
        "{outcome}, but the release in batch {se_batch} may stand",
        RELEASE,
        paper=[P.CLOSED],
        release=[R.NOT_VISIBLE],
        se=AWAY,
    ),
    DecisionRule(
        NextStep.WAIT, "{outcome}, but the summary in batch {ae_batch} may stand", SUMMARY, paper=[P.CLOSED], ae=ABROAD
    ),
    DecisionRule(
        NextStep.NO_FILING,
        "{outcome}: accounted for with its proof",
        paper=[P.CLOSED],
        release=[R.NOT_VISIBLE, R.CANCELED],
    ),
    DecisionRule(NextStep.PERSON, "cancelled in ACE: the number is burnt", RELEASE, release=[R.CANCELED]),
    # Goods that the port still holds: nothing may be sent.
    DecisionRule(
        NextStep.PERSON,
        "the desk says {outcome}, ACE says released {dated}: get the stamped copy",
        RELEASE,
        paper=[P.OPEN],
        release=[R.RELEASED, R.OTHER_DAY],
    ),
    DecisionRule(
        NextStep.WAIT,
        "the desk says {outcome}, but batch {se_batch} may stand",
        RELEASE,
        paper=[P.OPEN],
        release=[R.NOT_VISIBLE],
        se=ABROAD,
    ),
    DecisionRule(
        NextStep.WAIT,
        "the desk says {outcome}, but batch {ae_batch} may stand",
        SUMMARY,
        paper=[P.OPEN],
        summary=[S.NONE],
        ae=ABROAD,
    ),
    DecisionRule(NextStep.AT_PORT, "the port says {outcome}: nothing may be sent", paper=[P.OPEN]),
    # A consolidating summary has no release of its own; one under its number keeps it out (error 230).
    DecisionRule(NextStep.SETTLE, "summary {version} in ACE, of {covers} releases", summary=[S.MATCHES], route=WHOLES),
    DecisionRule(
        NextStep.PERSON,
        "ACE has a release under the number of a consolidating summary (error 230)",
        RELEASE,
        summary=[S.NONE],
        release=[*ON_FILE, R.AT_RISK],
        route=WHOLES,
    ),
    # ACE has the summary as ours would be: settled once the release stands as on the paper.
    DecisionRule(NextStep.SETTLE, "summary {version} in ACE", summary=[S.MATCHES], release=[R.RELEASED]),
    DecisionRule(
        NextStep.DATE,
        "paper {released}, ACE {dated}: a letter asks the port to post it",
        SUMMARY,
        summary=[S.MATCHES],
        release=[R.OTHER_DAY],
    ),
    DecisionRule(
        NextStep.DATE,
        "paper {released}, ACE shows no release: a letter asks the port to post it",
        RELEASE,
        paper=[P.RELEASED],
        summary=[S.MATCHES],
        release=[R.PENDING],
    ),
    DecisionRule(
        NextStep.SETTLE,
        "summary {version} in ACE",
        paper=[P.WITHDRAWAL],
        summary=[S.MATCHES],
        release=[R.PENDING, R.NOT_VISIBLE],
    ),
    DecisionRule(NextStep.WAIT, "ACE shows no release yet", SUMMARY, summary=[S.MATCHES], release=[R.NOT_VISIBLE]),
    DecisionRule(NextStep.WAIT, "ACE shows no release yet", RELEASE, summary=[S.MATCHES]),
    # ACE has the entry and no summary: that goes without certification, whatever the route.
    DecisionRule(
        NextStep.WAIT, "summary in batch {ae_batch}, not visible yet: never sent again on silence", SUMMARY, ae=ABROAD
    ),
    DecisionRule(NextStep.DESK, "summary {ae_refused}: {ae_code}", ae=[W.REJECTED]),
    DecisionRule(
        NextStep.OUTSIDE,
        "summary rejected: {ae_code}: once that is mended, continuity reconcile again",
        ae=[W.REJECTED_OUTSIDE],
    ),
    DecisionRule(
        NextStep.PERSON,
        "revised since the release in batch {se_batch}, which ACE keeps as it was: correct "
        "it with CBP, then continuity reconcile keep-release",
        RELEASE,
        release=ON_FILE,
        se=[W.REVISED_SINCE],
    ),
    # A covered release has no summary of its own: it is settled when the one that covers it stands.
    DecisionRule(
        NextStep.PERSON,
        "recorded after {covered_by} was settled, which does not name it: correct that summary with CBP",
        route=[LATE],
    ),
    DecisionRule(
        NextStep.SETTLE, "released in ACE, covered by the summary {covered_by}", release=[R.RELEASED], route=[CARRIED]
    ),
    DecisionRule(
        NextStep.WAIT,
        "released in ACE; its summary goes with {covered_by}",
        RELEASE,
        release=[R.RELEASED],
        route=[COVERED],
    ),
    DecisionRule(NextStep.PERSON, "released in ACE, but {uncovered}", release=[R.RELEASED], route=[ORPHAN]),
    DecisionRule(
        NextStep.DATE,
        "paper {released}, ACE {dated}: a letter asks the port to post it",
        RELEASE,
        release=[R.OTHER_DAY],
        route=PARTS,
    ),
    DecisionRule(
        NextStep.DATE,
        "paper {released}, ACE shows no release: a letter asks the port to post it",
        RELEASE,
        release=[R.PENDING],
        route=PARTS,
    ),
    DecisionRule(NextStep.TASK, "ACE says {says} ({code})", RELEASE, release=[R.STOPPED], route=PARTS),
    DecisionRule(
        NextStep.WAIT, "ACE said already on file and shows no release yet", RELEASE, se=[W.ALREADY_ON_FILE], route=PARTS
    ),
    # The summary goes when ACE shows all the releases that it names released (error 237).
    DecisionRule(
        NextStep.PERSON,
        "no entry names it as the summary that covers it: the desk gives them its number, or takes the mark off",
        route=[LONE],
    ),
    DecisionRule(NextStep.WAIT, "waits until ACE shows its releases released: {awaited}", SUMMARY, route=[GATHERING]),
    DecisionRule(NextStep.SEND_SUMMARY, "ACE shows all its releases released", route=[CONSOLIDATING]),
    DecisionRule(NextStep.SEND_SUMMARY, "nothing is in the way", release=ON_FILE),
    # "Already on file" to an add means found, not failed: an officer keyed the paper, and CQ does
    # not show what it never told.
    DecisionRule(NextStep.SEND_SUMMARY, "nothing is in the way", se=[W.ALREADY_ON_FILE]),
    DecisionRule(
        NextStep.WAIT, "release in batch {se_batch}, not visible yet: never sent again on silence", RELEASE, se=AWAY
    ),
    DecisionRule(NextStep.DESK, "release {se_refused}: {se_code}", se=[W.REJECTED]),
    DecisionRule(
        NextStep.OUTSIDE,
        "release rejected: {se_code}: once that is mended, continuity reconcile again",
        se=[W.REJECTED_OUTSIDE],
    ),
    # Nothing is visible, nothing is out: the bill speaks last.
    DecisionRule(NextStep.ASK, "does its bill show another release?", BILL, bill=[B.UNASKED]),
    DecisionRule(NextStep.WAIT, "asked: does its bill show another release? No answer yet", BILL, bill=[B.ASKED]),
    DecisionRule(NextStep.WAIT, "CQ failed for its bill ({bill}): it is asked again", BILL, bill=[B.FAILED]),
    DecisionRule(NextStep.PERSON, "its bill shows another release: {bill}", BILL, bill=[B.OTHER_RELEASE]),
    DecisionRule(NextStep.PERSON, "CQ says of its bill: {bill}", BILL, bill=[B.UNCLEAR]),
    DecisionRule(
        NextStep.WAIT, "its bill shows this entry in ACE, CQ no release yet", RELEASE, bill=[B.THIS_ENTRY], route=PARTS
    ),
    DecisionRule(NextStep.SEND_SUMMARY, "its bill shows this entry in ACE", bill=[B.THIS_ENTRY]),
    DecisionRule(NextStep.SEND_RELEASE, "nothing is in the way", route=["se_then_ae", *PARTS]),
    DecisionRule(NextStep.SEND_CERTIFIED, "nothing is in the way", route=["ae_certified"]),
    DecisionRule(NextStep.SEND_SUMMARY, "nothing is in the way", route=["ae_only"]),
    DecisionRule(NextStep.PERSON, "its route is unknown: {route}"),
)


def first_rule(facts: EntryFacts) -> DecisionRule:
    """The first rule that fits, looked up: facts are few words, so each combination is judged once."""
    return _judged(facts.paper, facts.summary, facts.release, facts.se, facts.ae, facts.bill, facts.route)


def read(facts: EntryFacts) -> DecisionRule:
    """The first rule that fits, by reading the table from the top."""
    return next(rule for rule in RULES if rule.fits(facts))


@lru_cache(maxsize=1 << 16)
def _judged(
    paper: PaperOutcome,
    summary: SummaryStatus,
    release: ReleaseStatus,
    se: SendingStatus,
    ae: SendingStatus,
    bill: BillStatus,
    route: str,
) -> DecisionRule:
    return read(EntryFacts(paper, route, summary, release, se, ae, bill))
