"""Entries that a licence holder settled by proof although ACE never showed them: an auditor looks at
these first, and 'settled' alone does not tell them from what ACE shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.reconciliation.facts import CLOSED
from tasks.reconciliation.report_book import End, Story, Told
from tasks.reconciliation.view import NOTICE, RELEASE, SUMMARY, Standing

_OF_RELEASE = (RELEASE, NOTICE)


def unseen(
    story: Story, standing: Mapping[str, Standing]
) -> Iterator[tuple[str, End, str, Told | None]]:
    """Number, its end, what ACE did not show then, and the answer that showed it later, if one did."""
    for number, one in sorted(standing.items()):
        end = story.ends.get(number)
        if one.state != "settled" or end is None or not end.proof:
            continue
        if one.outcome in CLOSED or one.route == "none":
            continue  # nothing is filed for it
        about = _OF_RELEASE if one.covered_by else (SUMMARY,)
        shown = [told for told in story.told.get(number, ()) if told.stands and told.about in about]
        if any(told.mark.seq < end.mark.seq for told in shown):
            continue
        what = "release" if one.covered_by else "summary"
        yield number, end, what, next(iter(shown), None)
