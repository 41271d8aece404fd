"""Everything known of an entry, brought down to the few words that the rules are written in.

A question counts only if it was put after the entry's last sending and last revision; what ACE
told of its own accord counts from the moment it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tasks.entries.api import HELD_BY_ACE
from tasks.reconciliation.decisions.release_codes import GoodsStatus, goods_status
from tasks.reconciliation.state.entry_state import (
    ACTION,
    BILL,
    NOTICE,
    RELEASE,
    SUMMARY,
    EntryAceStatus,
    EntryState,
    route_of,
)
from tasks.reconciliation.state.rejections import is_profile_rejection, is_record_fault

HELD = HELD_BY_ACE
FAILURES = ("system failure", "batch rejected", "no answer")
"""Nothing was looked at: ask again. No failure is ever an absence."""

CLOSED = ("refused", "exported", "cleared otherwise")
RELEASED = ("released", "provisional")
QUOTA_TYPES = ("02", "07", "12")
WITHDRAWALS = ("31", "32", "34", "38")
IN_FORCE = ("trade", "CBP")


class PaperOutcome(StrEnum):
    """What the port did, and what that asks of us."""

    OPEN = "not let go"
    QUOTA = "quota, filed before it is let go"
    WITHDRAWAL = "withdrawal, never released in ACE"
    FREED = "released"
    CLOSED = "did not come in"


class SummaryStatus(StrEnum):
    """What EQ shows. ODD: rejected, inactive, not ours, not permitted, gone, unknown."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    NONE = "none"
    GOOD = "as ours"
    DIFFERENT = "other than ours"
    CANCELLED = "cancelled"
    ODD = "odd"


class ReleaseStatus(StrEnum):
    """What CQ, SO and EQ show of the entry, the latest word first. INVISIBLE is no absence."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    INVISIBLE = "not visible"
    PENDING = "on file, not released"
    FREE = "released"
    OTHER_DAY = "released on another day"
    STOPPED = "exam, hold, documents"
    LOST = "will be lost unless mended"
    GONE = "cancelled"
    ODD = "odd"


class SendingStatus(StrEnum):
    """The last sending of one application. NOTHING: never sent, or definitely not taken and free
    to go again. CHANGED: a release that ACE took, and whose data were revised here since. REFUSED:
    by its own fault and unchanged. OUTSIDE: by a cause outside the record."""

    NOTHING = "nothing"
    OUT = "out"
    CHANGED = "out, revised since"
    FOUND = "found"
    REFUSED = "refused"
    OUTSIDE = "refused for a cause outside"


class BillStatus(StrEnum):
    """What CQ shows of its bills. OWN: this very entry is released on one of them."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    CLEAR = "no other release"
    OWN = "this entry"
    TAKEN = "another release"
    ODD = "odd"


class EntryFacts(msgspec.Struct, frozen=True):
    """One entry in the words of the rules. `dated`, `code`, `says`: ACE's release in detail."""

    paper: PaperOutcome
    route: str
    summary: SummaryStatus
    release: ReleaseStatus
    se: SendingStatus
    ae: SendingStatus
    bill: BillStatus
    dated: str = ""
    code: str = ""
    says: str = ""


def derive_facts(one: EntryState) -> EntryFacts:
    """The facts of one recorded entry."""
    release, dated, code, says = _release(one)
    return EntryFacts(
        paper_outcome(one),
        route_of(one),
        _summary(one),
        release,
        _way(one, "SE"),
        _way(one, "AE"),
        _bill(one),
        dated,
        code,
        says,
    )


def paper_outcome(one: EntryState) -> PaperOutcome:
    """Quota goods and warehouse withdrawals are filed before they are let go (19 CFR 142.13(b),
    144.38); a withdrawal has no cargo release in ACE at all (CATAIR SE v40 p.18)."""
    if one.outcome in CLOSED or one.route == "none":
        return PaperOutcome.CLOSED
    if one.route == "ae_only" and one.entry_type in WITHDRAWALS:
        return PaperOutcome.WITHDRAWAL
    if one.outcome in RELEASED:
        return PaperOutcome.FREED
    early = one.route == "ae_certified" and one.entry_type in QUOTA_TYPES
    return PaperOutcome.QUOTA if early else PaperOutcome.OPEN


def _unanswered(one: EntryState, about: str) -> str:
    return "ASKED" if one.unanswered(about) else "UNASKED"


def _summary(one: EntryState) -> SummaryStatus:
    view = one.fresh(SUMMARY)
    if view is None:
        return SummaryStatus[_unanswered(one, SUMMARY)]
    if view.disposition in FAILURES:
        return SummaryStatus.FAILED
    if view.disposition == "not found":
        # CBP acted on a summary that EQ no longer shows: that is no plain absence.
        return SummaryStatus.ODD if ACTION in one.views else SummaryStatus.NONE
    if view.disposition not in HELD:
        return SummaryStatus.ODD
    if view.summary == "cancelled":
        return SummaryStatus.CANCELLED
    if view.summary != "accepted" or view.control not in IN_FORCE:
        return SummaryStatus.ODD
    return SummaryStatus.DIFFERENT if view.differs else SummaryStatus.GOOD


class _Word(msgspec.Struct, frozen=True):
    """One source on the release: when it was true, what it amounts to, which date it gives."""

    at: int
    held: GoodsStatus | None
    dated: str
    view: EntryAceStatus


def _words(one: EntryState) -> Iterator[_Word]:
    asked, told, summary = one.fresh(RELEASE), one.views.get(NOTICE), one.fresh(SUMMARY)
    if asked is not None and asked.disposition in HELD:
        yield _Word(asked.asked, goods_status(asked.release_code), asked.release_date, asked)
    if told is not None:
        yield _Word(told.seq, goods_status(told.release_code), told.release_date, told)
    if summary is not None and summary.disposition in HELD and summary.release_date:
        free = GoodsStatus.FREE if summary.release == "released" else None
        yield _Word(summary.asked, free, summary.release_date, summary)


_AMOUNTS: dict[GoodsStatus | None, ReleaseStatus] = {
    GoodsStatus.STOPPED: ReleaseStatus.STOPPED,
    GoodsStatus.LOST: ReleaseStatus.LOST,
    GoodsStatus.GONE: ReleaseStatus.GONE,
    GoodsStatus.REPLACED: ReleaseStatus.ODD,
}


def _release(one: EntryState) -> tuple[ReleaseStatus, str, str, str]:
    words = sorted(_words(one), key=lambda word: word.at, reverse=True)
    if not words:
        return _not_on_file(one)
    dated = next((word.dated for word in words if word.dated), "")
    told = next((word for word in words if word.held), words[0])
    code, says = told.view.release_code, told.view.release or told.view.message
    if (amount := _AMOUNTS.get(told.held)) is not None:
        return amount, dated, code, says
    if not dated or told.held is GoodsStatus.ADMISSIBLE:
        return ReleaseStatus.PENDING, dated, code, says
    same = not one.released or one.released == dated
    return (ReleaseStatus.FREE if same else ReleaseStatus.OTHER_DAY), dated, code, says


def _not_on_file(one: EntryState) -> tuple[ReleaseStatus, str, str, str]:
    view = one.fresh(RELEASE)
    if view is None:
        return ReleaseStatus[_unanswered(one, RELEASE)], "", "", ""
    if view.disposition in FAILURES:
        return ReleaseStatus.FAILED, "", " ".join(view.codes), view.message
    found = ReleaseStatus.INVISIBLE if view.disposition == "not visible" else ReleaseStatus.ODD
    return found, "", " ".join(view.codes), f"{view.disposition} {view.message}".strip()


def _way(one: EntryState, application: str) -> SendingStatus:
    sent = one.sent.get(application)
    if sent is None:
        return SendingStatus.NOTHING
    if sent.state in ("waiting", "taken"):
        same = application != "SE" or sent.release_digest == one.release_digest
        return SendingStatus.OUT if same else SendingStatus.CHANGED
    if sent.state == "found":
        return SendingStatus.FOUND
    if not is_record_fault(sent) or sent.digest != one.digest:
        return SendingStatus.NOTHING
    return SendingStatus.OUTSIDE if sent.outside or is_profile_rejection(sent) else SendingStatus.REFUSED


_BILLS = {"not found": BillStatus.CLEAR, "on file": BillStatus.OWN, "already on file": BillStatus.TAKEN}


def _bill(one: EntryState) -> BillStatus:
    view = one.fresh(BILL)
    if view is None:
        return BillStatus[_unanswered(one, BILL)]
    if view.disposition in FAILURES:
        return BillStatus.FAILED
    return _BILLS.get(view.disposition, BillStatus.ODD)
