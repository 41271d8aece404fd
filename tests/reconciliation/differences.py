"""Differences between paper and ACE, as answers in the journal carry them."""

from __future__ import annotations

from tasks.entries.events import Difference


def differs(field: str, paper: object, ace: object, subject: str = "") -> Difference:
    return Difference(code="field-differs", field=field, subject=subject, paper=str(paper), ace=str(ace))
