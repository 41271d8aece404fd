"""Whose fault a rejection is: that of what an entry says, or of the sending, which no desk can correct."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.ace.api import ANY_APPLICATION, codes_meaning
from tasks.entries.api import AceReason
from tasks.reconciliation.state.entry_state import LastSending


def reasons_text(reasons: Iterable[AceReason]) -> str:
    """Each reason once: code, CBP's text, and of what. Empty if there is none."""
    return "; ".join(dict.fromkeys(filter(None, map(_reason_text, reasons))))


def _reason_text(reason: AceReason) -> str:
    text = f"{reason.code} {reason.text}".strip()
    return f"{text} ({reason.subject})" if reason.subject else text


def is_record_fault(sent: LastSending) -> bool:
    """Rejected for good: by itself, as the only entry of a batch rejected whole, or because the filer's
    profile does not fit, which the same batch would meet again."""
    alone = sent.alone and not is_transient_rejection(sent)
    is_whole = sent.state == "batch rejected" and (alone or is_profile_rejection(sent))
    return sent.state == "rejected" or is_whole


def is_transient_rejection(sent: LastSending) -> bool:
    """ACE took nothing just then, or the file was cut on the way: the same may go again."""
    return _all_mean(sent, "retry", "system failure")


def is_profile_rejection(sent: LastSending) -> bool:
    """CBP does not let this filer or sender send this: to be corrected with the client representative."""
    return sent.state == "batch rejected" and _all_mean(sent, "filer")


def _all_mean(sent: LastSending, *meanings: str) -> bool:
    """Each reason that ACE gave for a batch has one of these meanings."""
    codes = [reason.code for reason in sent.reasons]
    return bool(codes) and codes_meaning(ANY_APPLICATION, *meanings).issuperset(codes)
