"""Everything known of an entry, brought down to the few words that the rules are written in.

A question counts only if it was put after the entry's last sending and last revision; what ACE
told of its own accord counts from the moment it was read.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import msgspec

from tasks.reconciliation.rejections import of_profile, own_fault
from tasks.reconciliation.release import Held, held
from tasks.reconciliation.routes import route_of
from tasks.reconciliation.view import (
    ACTION,
    BILL,
    NOTICE,
    RELEASE,
    SUMMARY,
    Standing,
    View,
)
from tasks.shared.ace_tables import HELD_BY_ACE

HELD = HELD_BY_ACE
FAILURES = ("system failure", "batch rejected", "no answer")
"""Nothing was looked at: ask again. No failure is ever an absence."""

CLOSED = ("refused", "exported", "cleared otherwise")
RELEASED = ("released", "provisional")
QUOTA_TYPES = ("02", "07", "12")
WITHDRAWALS = ("31", "32", "34", "38")
IN_FORCE = ("trade", "CBP")


class Paper(StrEnum):
    """What the port did, and what that asks of us."""

    OPEN = "not let go"
    QUOTA = "quota, filed before it is let go"
    WITHDRAWAL = "withdrawal, never released in ACE"
    FREED = "released"
    CLOSED = "did not come in"


class Summary(StrEnum):
    """What EQ shows. ODD: rejected, inactive, not ours, not permitted, gone, unknown."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    NONE = "none"
    GOOD = "as ours"
    DIFFERENT = "other than ours"
    CANCELLED = "cancelled"
    ODD = "odd"


class Release(StrEnum):
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


class Way(StrEnum):
    """The last sending of one application. NOTHING: never sent, or definitely not taken and free
    to go again. CHANGED: a release that ACE took, and whose data were revised here since. REFUSED:
    by its own fault and unchanged. OUTSIDE: by a cause outside the record."""

    NOTHING = "nothing"
    OUT = "out"
    CHANGED = "out, revised since"
    FOUND = "found"
    REFUSED = "refused"
    OUTSIDE = "refused for a cause outside"


class Bill(StrEnum):
    """What CQ shows of its bills. OWN: this very entry is released on one of them."""

    UNASKED = "not asked"
    ASKED = "asked"
    FAILED = "failed"
    CLEAR = "no other release"
    OWN = "this entry"
    TAKEN = "another release"
    ODD = "odd"


class Facts(msgspec.Struct, frozen=True):
    """One entry in the words of the rules. `dated`, `code`, `says`: ACE's release in detail."""

    paper: Paper
    route: str
    summary: Summary
    release: Release
    se: Way
    ae: Way
    bill: Bill
    dated: str = ""
    code: str = ""
    says: str = ""


def facts_of(one: Standing) -> Facts:
    """The facts of one recorded entry."""
    release, dated, code, says = _release(one)
    return Facts(paper_of(one), route_of(one), _summary(one), release, _way(one, "SE"), _way(one, "AE"),
                 _bill(one), dated, code, says)  # fmt: skip


def paper_of(one: Standing) -> Paper:
    """Quota goods and warehouse withdrawals are filed before they are let go (19 CFR 142.13(b),
    144.38); a withdrawal has no cargo release in ACE at all (CATAIR SE v40 p.18)."""
    if one.outcome in CLOSED or one.route == "none":
        return Paper.CLOSED
    if one.route == "ae_only" and one.entry_type in WITHDRAWALS:
        return Paper.WITHDRAWAL
    if one.outcome in RELEASED:
        return Paper.FREED
    early = one.route == "ae_certified" and one.entry_type in QUOTA_TYPES
    return Paper.QUOTA if early else Paper.OPEN


def _unanswered(one: Standing, about: str) -> str:
    return "ASKED" if one.unanswered(about) else "UNASKED"


def _summary(one: Standing) -> Summary:
    view = one.fresh(SUMMARY)
    if view is None:
        return Summary[_unanswered(one, SUMMARY)]
    if view.disposition in FAILURES:
        return Summary.FAILED
    if view.disposition == "not found":
        # CBP acted on a summary that EQ no longer shows: that is no plain absence.
        return Summary.ODD if ACTION in one.views else Summary.NONE
    if view.disposition not in HELD:
        return Summary.ODD
    if view.summary == "cancelled":
        return Summary.CANCELLED
    if view.summary != "accepted" or view.control not in IN_FORCE:
        return Summary.ODD
    return Summary.DIFFERENT if view.differs else Summary.GOOD


class _Word(msgspec.Struct, frozen=True):
    """One source on the release: when it was true, what it amounts to, which date it gives."""

    at: int
    held: Held | None
    dated: str
    view: View


def _words(one: Standing) -> Iterator[_Word]:
    asked, told, summary = one.fresh(RELEASE), one.views.get(NOTICE), one.fresh(SUMMARY)
    if asked is not None and asked.disposition in HELD:
        yield _Word(asked.asked, held(asked.release_code), asked.release_date, asked)
    if told is not None:
        yield _Word(told.seq, held(told.release_code), told.release_date, told)
    if summary is not None and summary.disposition in HELD and summary.release_date:
        free = Held.FREE if summary.release == "released" else None
        yield _Word(summary.asked, free, summary.release_date, summary)


_AMOUNTS: dict[Held | None, Release] = {
    Held.STOPPED: Release.STOPPED,
    Held.LOST: Release.LOST,
    Held.GONE: Release.GONE,
    Held.REPLACED: Release.ODD,
}


def _release(one: Standing) -> tuple[Release, str, str, str]:
    words = sorted(_words(one), key=lambda word: word.at, reverse=True)
    if not words:
        return _not_on_file(one)
    dated = next((word.dated for word in words if word.dated), "")
    told = next((word for word in words if word.held), words[0])
    code, says = told.view.release_code, told.view.release or told.view.message
    if (amount := _AMOUNTS.get(told.held)) is not None:
        return amount, dated, code, says
    if not dated or told.held is Held.ADMISSIBLE:
        return Release.PENDING, dated, code, says
    same = not one.released or one.released == dated
    return (Release.FREE if same else Release.OTHER_DAY), dated, code, says


def _not_on_file(one: Standing) -> tuple[Release, str, str, str]:
    view = one.fresh(RELEASE)
    if view is None:
        return Release[_unanswered(one, RELEASE)], "", "", ""
    if view.disposition in FAILURES:
        return Release.FAILED, "", " ".join(view.codes), view.message
    found = Release.INVISIBLE if view.disposition == "not visible" else Release.ODD
    return found, "", " ".join(view.codes), f"{view.disposition} {view.message}".strip()


def _way(one: Standing, application: str) -> Way:
    sent = one.sent.get(application)
    if sent is None:
        return Way.NOTHING
    if sent.state in ("waiting", "taken"):
        same = application != "SE" or sent.release_digest == one.release_digest
        return Way.OUT if same else Way.CHANGED
    if sent.state == "found":
        return Way.FOUND
    if not own_fault(sent) or sent.digest != one.digest:
        return Way.NOTHING
    return Way.OUTSIDE if sent.outside or of_profile(sent) else Way.REFUSED


_BILLS = {"not found": Bill.CLEAR, "on file": Bill.OWN, "already on file": Bill.TAKEN}


def _bill(one: Standing) -> Bill:
    view = one.fresh(BILL)
    if view is None:
        return Bill[_unanswered(one, BILL)]
    if view.disposition in FAILURES:
        return Bill.FAILED
    return _BILLS.get(view.disposition, Bill.ODD)
