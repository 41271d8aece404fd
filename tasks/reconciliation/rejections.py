"""Whose fault a rejection is: that of what an entry says, or of the sending, which no desk can mend."""

from __future__ import annotations

from tasks.ace.condition_codes import ANY, codes_meaning
from tasks.reconciliation.view import Sent


def own_fault(sent: Sent) -> bool:
    """Rejected for good: by itself, as the only entry of a batch rejected whole, or because the filer's
    profile does not fit, which the same batch would meet again."""
    alone = sent.alone and not was_passing(sent)
    whole = sent.state == "batch rejected" and (alone or of_profile(sent))
    return sent.state == "rejected" or whole


def was_passing(sent: Sent) -> bool:
    """ACE took nothing just then, or the file was cut on the way: the same may go again."""
    return _all(sent, "retry", "system failure")


def of_profile(sent: Sent) -> bool:
    """CBP does not let this filer or sender send this: to be mended with the client representative."""
    return sent.state == "batch rejected" and _all(sent, "filer")


def _all(sent: Sent, *meanings: str) -> bool:
    """Each reason that ACE gave for a batch has one of these meanings."""
    codes = [reason.code for reason in sent.reasons]
    return bool(codes) and codes_meaning(ANY, *meanings).issuperset(codes)
