"""Paper outcome x what ACE says -> what happens next with an entry. The rule that all else serves:

an entry is sent only if, asked after its last sending, ACE shows neither a summary nor an entry
nor another release of its bill, the paper outcome allows it, and its last sending was definitely
not processed or refused. Silence is never taken for absence (CQ 950, CATAIR CQ v21 p.12-13).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasks.reconciliation.view import BILL, IMPORTER, NOTICE, RELEASE, SUMMARY, Sent, Standing, View

HELD = ("accepted", "accepted with warnings", "already on file")
NONE = "not found"
NOT_VISIBLE = "not visible"
EXAM_CODES = ("03", "04", "29", "34", "51", "52", "53", "90", "96", "99")
"""SO and CQ codes by which ACE holds what the paper calls released (CATAIR CQ v21; SO v36)."""

STANDING = ("waiting", "taken", "found")
"""States of a sending that is not definitely refused."""

CANCELLED_CODES = ("23", "88")


class Step(StrEnum):
    """What is to be done next."""

    NO_FILING = "no filing"
    AT_PORT = "waits at the port"
    ASK = "ask ACE"
    WAIT = "wait for ACE"
    SEND_RELEASE = "send the cargo release"
    SEND_SUMMARY = "send the summary"
    SEND_CERTIFIED = "send the certified summary"
    CHASE = "ask the importer"
    SURETY = "wait for the surety"
    FORM = "Form 5106 first"
    DESK = "back to the desk"
    TASK = "call the port today"
    DATE = "release dates differ"
    DIFFERS = "differs from ACE"
    PERSON = "a person decides"
    SETTLE = "settled"


@dataclass(frozen=True)
class Verdict:
    """The next step, why in words for a person, and what is to be asked, or asked again later."""

    step: Step
    why: str
    ask: str = ""


CLOSED = ("refused", "exported", "cleared otherwise")
RELEASED = ("released", "provisional")
WITHDRAWALS = ("31", "32", "34", "38")


def classify(one: Standing) -> Verdict:
    """The next step of one recorded entry. Pure: the same standing gives the same verdict."""
    if one.state != "recorded":
        return Verdict(Step.SETTLE, one.state)
    if one.outcome in CLOSED or one.route == "none":
        return Verdict(
            Step.NO_FILING, f"{one.outcome or 'route none'}: accounted for with its proof"
        )
    if one.outcome not in RELEASED and not _before_release(one):
        return Verdict(Step.AT_PORT, f"the port says {one.outcome}: nothing may be sent")
    summary = one.fresh(SUMMARY)
    if summary is None:
        return _ask(one, SUMMARY, "does ACE have a summary")
    if summary.disposition in HELD:
        return _on_file(one, summary)
    if summary.disposition != NONE:
        return Verdict(Step.PERSON, f"EQ says {summary.disposition}: {summary.text}".strip(": "))
    release = one.fresh(RELEASE)
    if release is None:
        return _ask(one, RELEASE, "does ACE have an entry")
    if release.disposition in HELD:
        return _entry_on_file(one, release)
    if release.disposition != NOT_VISIBLE:
        return Verdict(Step.PERSON, f"CQ says {release.disposition}: {release.text}".strip(": "))
    return _nothing_visible(one)


def _before_release(one: Standing) -> bool:
    """Quota goods and warehouse withdrawals: summary and duty come before the goods are let go
    (19 CFR 142.13(b), 144.38)."""
    return one.route == "ae_certified" or (one.route == "ae_only" and one.entry_type in WITHDRAWALS)


def _ask(one: Standing, about: str, words: str) -> Verdict:
    if one.unanswered(about):
        return Verdict(Step.WAIT, f"asked: {words}? No answer yet", about)
    return Verdict(Step.ASK, f"{words}?", about)


def _on_file(one: Standing, view: View) -> Verdict:
    """ACE has a summary under this number: never sent again, compared instead."""
    if view.summary == "cancelled":
        return Verdict(Step.PERSON, "cancelled in ACE: the number is burnt")
    if view.summary == "rejected":
        return Verdict(Step.PERSON, f"CBP rejected the summary: {view.text}")
    if view.differs:
        return Verdict(Step.DIFFERS, "; ".join(view.differs))
    return _release_compared(one, view, Verdict(Step.SETTLE, f"summary {view.version} in ACE"))


def _release_compared(one: Standing, view: View, same: Verdict) -> Verdict:
    """`same` if the release stands in ACE as on the paper. EQ shows the date late (its status 2),
    so CQ is asked too; what holds the goods may have been told by a notice only."""
    told, dated = one.views.get(NOTICE), view.release_date
    if not dated:
        release = one.fresh(RELEASE)
        if release is None:
            return _ask(one, RELEASE, "when does ACE show the release")
        dated = release.release_date
    if not dated and told is not None and told.release_code in EXAM_CODES and _freed(one):
        return _task(told)
    if one.released and dated and one.released != dated:
        return Verdict(
            Step.DATE, f"paper {one.released}, ACE {dated}: a letter asks the port to post it"
        )
    if not dated and (one.released or one.route == "ae_certified"):
        return Verdict(Step.WAIT, "ACE shows no release yet", RELEASE)
    return same


def _freed(one: Standing) -> bool:
    return one.outcome in RELEASED


def _task(view: View) -> Verdict:
    return Verdict(
        Step.TASK,
        f"released on paper, ACE says {view.release or view.text}: the client holds the goods, the "
        "port gets the stamped copy today",
    )


def _entry_on_file(one: Standing, view: View) -> Verdict:
    """ACE has the entry, not the summary: the summary goes without certification."""
    if view.release_code in CANCELLED_CODES or view.summary == "cancelled":
        return Verdict(Step.PERSON, "cancelled in ACE: the number is burnt")
    if view.release_code in EXAM_CODES and _freed(one):
        return _task(view)
    return _summary_due(one, Step.SEND_SUMMARY)


def _summary_due(one: Standing, step: Step) -> Verdict:
    sent = one.sent.get("AE")
    if sent is not None and sent.state in STANDING:
        return Verdict(Step.WAIT, f"summary in batch {sent.batch}, not visible yet", SUMMARY)
    if sent is not None and _own_fault(sent) and sent.digest == one.digest:
        return _back("AE", sent)
    if not one.complete:
        return Verdict(Step.CHASE, "the summary lacks data")
    if not one.bonded:
        return Verdict(Step.SURETY, "the surety's eBond is not confirmed")
    return _parties_known(one, Verdict(step, "nothing is in the way"))


def _own_fault(sent: Sent) -> bool:
    """Rejected for what it says: by itself, or as the only entry of a batch rejected whole."""
    return sent.state == "rejected" or (sent.state == "batch rejected" and sent.alone)


def _back(application: str, sent: Sent) -> Verdict:
    """Back to the desk, with what CBP said."""
    what = (
        f"{application} alone in its batch, rejected whole"
        if sent.state != "rejected"
        else (f"{application} rejected")
    )
    return Verdict(Step.DESK, f"{what}: {sent.code or 'CBP gave no code'}")


def _nothing_visible(one: Standing) -> Verdict:
    """Neither summary nor entry is visible; that alone proves nothing."""
    release = one.sent.get("SE")
    if release is not None and release.state == "found":
        # "Already on file" to an add means found, not failed: an officer keyed the paper, and CQ
        # does not show what it never told.
        return _summary_due(one, Step.SEND_SUMMARY)
    for application, sent in sorted(one.sent.items()):
        if sent.state in STANDING:
            return Verdict(Step.WAIT, f"{application} in batch {sent.batch}, not visible yet: never "
                                      "sent again on silence", SUMMARY)  # fmt: skip
        if _own_fault(sent) and sent.digest == one.digest:
            return _back(application, sent)
    bill = one.fresh(BILL)
    if bill is None:
        return _ask(one, BILL, "does its bill show another release")
    if bill.disposition in HELD:
        return Verdict(Step.PERSON, f"its bill shows another release: {bill.text}")
    if one.route == "se_then_ae":
        if not one.bonded:
            return Verdict(Step.SURETY, "the surety's eBond is not confirmed")
        return _parties_known(one, Verdict(Step.SEND_RELEASE, "nothing is in the way"))
    step = Step.SEND_CERTIFIED if one.route == "ae_certified" else Step.SEND_SUMMARY
    return _summary_due(one, step)


def _parties_known(one: Standing, go: Verdict) -> Verdict:
    """`go` if ACE knows importer and consignee as active, and the importer's continuous bond where
    the entry relies on one."""
    for about in one.parties:
        known = one.views.get(about)
        if known is None:
            return _ask(one, about, f"is the {about} active in ACE")
        if known.disposition != "active":
            return Verdict(
                Step.FORM,
                f"the {about} is {known.disposition} in ACE: Form 5106 first (continuity reconcile "
                "letters)",
                about,
            )
    bond = one.views.get(IMPORTER)
    if bond is not None and bond.text == "no bond" and one.bond_type == "8":
        return Verdict(
            Step.PERSON,
            "ACE shows no continuous bond of the importer: the surety files it, or the desk records "
            "a single transaction bond",
            IMPORTER,
        )
    return go
