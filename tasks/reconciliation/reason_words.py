"""Reasons of ACE as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.shared.kinds.ace import AceReason


def in_words(reasons: Iterable[AceReason]) -> str:
    """Each reason once: code, CBP's text, and of what. Empty if there is none."""
    return "; ".join(dict.fromkeys(filter(None, map(_one, reasons))))


def _one(reason: AceReason) -> str:
    text = f"{reason.code} {reason.text}".strip()
    return f"{text} ({reason.subject})" if reason.subject else text
