"""Everything known of an entry, brought down to the few words that the rules are written in.

A query counts only if it was put after the entry's last sending and last revision; what ACE
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
    RELEASED = "released"
    CLOSED = "did not come in"


class SummaryStatus(StrEnum):
    """What EQ shows. UNCLEAR: rejected, inactive, not ours, not permitted, gone, unknown."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    NONE = "none"
    MATCHES = "as ours"
    DIFFERS = "other than ours"
    CANCELED = "cancelled"
    UNCLEAR = "odd"


class ReleaseStatus(StrEnum):
    """What CQ, SO and EQ show of the entry, the latest word first. NOT_VISIBLE is no absence."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    NOT_VISIBLE = "not visible"
    PENDING = "on file, not released"
    RELEASED = "released"
    OTHER_DAY = "released on another day"
    STOPPED = "exam, hold, documents"
    AT_RISK = "will be lost unless mended"
    CANCELED = "cancelled"
    UNCLEAR = "odd"


class SendingStatus(StrEnum):
    """The last sending of one application. NOT_SENT: never sent, or definitely not taken and free
    to go again. REVISED_SINCE: a release that ACE took, and whose data were revised here since. REJECTED:
    by its own fault and unchanged. REJECTED_OUTSIDE: by a cause outside the record."""

    NOT_SENT = "nothing"
    SENT = "out"
    REVISED_SINCE = "out, revised since"
    ALREADY_ON_FILE = "found"
    REJECTED = "refused"
    REJECTED_OUTSIDE = "refused for a cause outside"


class BillStatus(StrEnum):
    """What CQ shows of its bills. THIS_ENTRY: this very entry is released on one of them."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    NO_RELEASE = "no other release"
    THIS_ENTRY = "this entry"
    OTHER_RELEASE = "another release"
    UNCLEAR = "odd"


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
    ace_text: str = ""


def derive_facts(entry: EntryState) -> EntryFacts:
    """The facts of one recorded entry."""
    release, dated, code, says = _release_facts(entry)
    return EntryFacts(
        paper_outcome(entry),
        route_of(entry),
        _summary_status(entry),
        release,
        _sending_status(entry, "SE"),
        _sending_status(entry, "AE"),
        _bill_status(entry),
        dated,
        code,
        says,
    )


def paper_outcome(entry: EntryState) -> PaperOutcome:
    """Quota goods and warehouse withdrawals are filed before they are released (19 CFR 142.13(b),
    144.38); a withdrawal has no cargo release in ACE at all (CATAIR SE v40 p.18)."""
    if entry.outcome in CLOSED or entry.route == "none":
        return PaperOutcome.CLOSED
    if entry.route == "ae_only" and entry.entry_type in WITHDRAWALS:
        return PaperOutcome.WITHDRAWAL
    if entry.outcome in RELEASED:
        return PaperOutcome.RELEASED
    early = entry.route == "ae_certified" and entry.entry_type in QUOTA_TYPES
    return PaperOutcome.QUOTA if early else PaperOutcome.OPEN


def _query_status_name(entry: EntryState, about: str) -> str:
    return "ASKED" if entry.unanswered(about) else "UNASKED"


def _summary_status(entry: EntryState) -> SummaryStatus:
    status = entry.fresh(SUMMARY)
    if status is None:
        return SummaryStatus[_query_status_name(entry, SUMMARY)]
    if status.disposition in FAILURES:
        return SummaryStatus.FAILED
    if status.disposition == "not found":
        # CBP acted on a summary that EQ no longer shows: that is no plain absence.
        return SummaryStatus.UNCLEAR if ACTION in entry.ace_statuses else SummaryStatus.NONE
    if status.disposition not in HELD:
        return SummaryStatus.UNCLEAR
    if status.summary == "cancelled":
        return SummaryStatus.CANCELED
    if status.summary != "accepted" or status.control not in IN_FORCE:
        return SummaryStatus.UNCLEAR
    return SummaryStatus.DIFFERS if status.differs else SummaryStatus.MATCHES


class _ReleaseSource(msgspec.Struct, frozen=True):
    """One source on the release: when it was true, what it amounts to, which date it gives."""

    at: int
    goods: GoodsStatus | None
    dated: str
    status: EntryAceStatus


def _release_sources(entry: EntryState) -> Iterator[_ReleaseSource]:
    answer, notice, summary = entry.fresh(RELEASE), entry.ace_statuses.get(NOTICE), entry.fresh(SUMMARY)
    if answer is not None and answer.disposition in HELD:
        yield _ReleaseSource(answer.asked, goods_status(answer.release_code), answer.release_date, answer)
    if notice is not None:
        yield _ReleaseSource(notice.seq, goods_status(notice.release_code), notice.release_date, notice)
    if summary is not None and summary.disposition in HELD and summary.release_date:
        free = GoodsStatus.RELEASED if summary.release == "released" else None
        yield _ReleaseSource(summary.asked, free, summary.release_date, summary)


_RELEASE_STATUSES: dict[GoodsStatus | None, ReleaseStatus] = {
    GoodsStatus.STOPPED: ReleaseStatus.STOPPED,
    GoodsStatus.AT_RISK: ReleaseStatus.AT_RISK,
    GoodsStatus.CANCELED: ReleaseStatus.CANCELED,
    GoodsStatus.REPLACED: ReleaseStatus.UNCLEAR,
}


def _release_facts(entry: EntryState) -> tuple[ReleaseStatus, str, str, str]:
    sources = sorted(_release_sources(entry), key=lambda source: source.at, reverse=True)
    if not sources:
        return _unreleased_facts(entry)
    dated = next((source.dated for source in sources if source.dated), "")
    latest = next((source for source in sources if source.goods), sources[0])
    code, says = latest.status.release_code, latest.status.release or latest.status.message
    if (amount := _RELEASE_STATUSES.get(latest.goods)) is not None:
        return amount, dated, code, says
    if not dated or latest.goods is GoodsStatus.ADMISSIBLE:
        return ReleaseStatus.PENDING, dated, code, says
    same = not entry.released or entry.released == dated
    return (ReleaseStatus.RELEASED if same else ReleaseStatus.OTHER_DAY), dated, code, says


def _unreleased_facts(entry: EntryState) -> tuple[ReleaseStatus, str, str, str]:
    status = entry.fresh(RELEASE)
    if status is None:
        return ReleaseStatus[_query_status_name(entry, RELEASE)], "", "", ""
    if status.disposition in FAILURES:
        return ReleaseStatus.FAILED, "", " ".join(status.codes), status.message
    release = ReleaseStatus.NOT_VISIBLE if status.disposition == "not visible" else ReleaseStatus.UNCLEAR
    return release, "", " ".join(status.codes), f"{status.disposition} {status.message}".strip()


def _sending_status(entry: EntryState, application: str) -> SendingStatus:
    sent = entry.sent.get(application)
    if sent is None:
        return SendingStatus.NOT_SENT
    if sent.state in ("waiting", "taken"):
        same = application != "SE" or sent.release_digest == entry.release_digest
        return SendingStatus.SENT if same else SendingStatus.REVISED_SINCE
    if sent.state == "found":
        return SendingStatus.ALREADY_ON_FILE
    if not is_record_fault(sent) or sent.digest != entry.digest:
        return SendingStatus.NOT_SENT
    return SendingStatus.REJECTED_OUTSIDE if sent.outside or is_profile_rejection(sent) else SendingStatus.REJECTED


_BILL_STATUSES = {
    "not found": BillStatus.NO_RELEASE,
    "on file": BillStatus.THIS_ENTRY,
    "already on file": BillStatus.OTHER_RELEASE,
}


def _bill_status(entry: EntryState) -> BillStatus:
    status = entry.fresh(BILL)
    if status is None:
        return BillStatus[_query_status_name(entry, BILL)]
    if status.disposition in FAILURES:
        return BillStatus.FAILED
    return _BILL_STATUSES.get(status.disposition, BillStatus.UNCLEAR)
