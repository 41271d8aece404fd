"""A difference between paper and ACE as a person reads it."""

from __future__ import annotations

from tasks.shared import messages
from tasks.shared.kinds.ace import Difference


def in_words(difference: Difference) -> str:
    """One line: where, which field, the value on paper and that in ACE."""
    # It reads tables with numpy, which the status page need not load where nothing differs.
    from tasks.ace.summary.compared import title

    values = {
        "field": title(difference.field, difference.qualifier) if difference.field else "",
        "paper": difference.paper or "nothing",
        "ace": difference.ace or "nothing",
    }
    text = messages.text(difference.code, values)
    return f"{difference.subject}, {text}" if difference.subject else text
