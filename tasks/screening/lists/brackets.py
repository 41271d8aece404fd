"""Short names that publishers set in brackets behind the full one: `Tencent Holdings Ltd (Tencent)`."""

from __future__ import annotations

import re

from tasks.screening.lists.tables import STRONG, WEAK, Draft

_SHORT = re.compile(r"\s*\(([A-Z][\w &.-]{1,30})\)\*?$")


def name(draft: Draft, text: str, strength: str) -> None:
    """Add a name without its bracket, and what stands in the bracket as a name of its own."""
    tidy = text.strip().rstrip("*").strip()
    found = _SHORT.search(tidy)
    draft.name(tidy[: found.start()] if found else tidy, strength)
    if found:
        alias(draft, found[1])


def alias(draft: Draft, text: str) -> None:
    """Add another name: weak if it is an acronym, which finds too much."""
    tidy = text.strip()
    draft.name(tidy, WEAK if len(tidy) <= 5 and tidy.isupper() else STRONG)
