"""The letter about what a screening found: which partners must stop, what waits, which lists are red.

It names partners by their ids and listings by their records; names are not mailed."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from tasks.core import clock
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import is_drill
from tasks.core.messages import Reason
from tasks.screening.hits.hit_decisions import ScreeningHit, current_hits
from tasks.screening.hits.role_policy import BLOCK
from tasks.screening.lists.list_versions import red_lists
from tasks.screening.settings import ScreeningSettings
from tasks.transport.api import MailDelivery, MailLetter, MailService
from tasks.workspace import Workspace

_MOST = 200


def mail_alert(
    workspace: Workspace, actor: str, new: Sequence[str], lists_kept: Sequence[str] = ()
) -> MailDelivery | None:
    """Write to those whom the settings name, if hits are new or came back, a list is red, or a list
    is in `lists_kept`: its next version was refused or not fetched. The same news is sent once a day. None
    if there is nothing to send or nobody to send it to."""
    to = workspace.settings(ScreeningSettings).mail_to
    new_ids = set(new)
    hits = [hit for hit in current_hits(workspace) if hit.hit in new_ids and hit.undecided]
    red = red_lists(workspace.journal)
    if not to or not (hits or red or lists_kept):
        return None
    letter = MailLetter(
        key=_key(hits, red, lists_kept),
        to=to,
        title=_title(workspace, hits, red, lists_kept),
        text="\n".join([*_lines(hits, red), *_kept_lines(lists_kept)]) + "\n",
    )
    return MailService(workspace.journal, workspace.content, workspace.settings).send(letter, actor)


def _key(hits: Sequence[ScreeningHit], red: Sequence[Reason], lists_kept: Sequence[str]) -> str:
    """The same for the same news of a day, however it is worded."""
    news = {
        "day": clock.text()[:10],
        "hits": [[hit.hit, *_facts(hit.reason)] for hit in hits],
        "red": [_facts(reason) for reason in red],
        "kept": list(lists_kept),
    }
    return f"screening:{sha256(canonical(news).encode()).hexdigest()}"


def _facts(reason: Reason | None) -> list[Any]:
    return [reason.facts] if reason else []


def _kept_lines(lists: Sequence[str]) -> list[str]:
    if not lists:
        return []
    return [
        "Lists whose next version was refused or could not be fetched; the old one is in force:",
        f"  {', '.join(lists)}",
        "Next: continuity screen lists update --download, or a folder: it says why",
    ]


def _title(workspace: Workspace, hits: Sequence[ScreeningHit], red: Sequence[Reason], lists_kept: Sequence[str]) -> str:
    blocking = sum(hit.effect == BLOCK for hit in hits)
    parts = []
    if hits:
        parts.append(f"{len(hits)} new hit(s), {blocking} block a partner")
    if red:
        parts.append("lists are not to be relied on")
    elif lists_kept:
        parts.append("lists were not brought up to date")
    prefix = "DRILL: " if is_drill(workspace.journal) else ""
    return f"{prefix}Screening: {'; '.join(parts)}"


def _lines(hits: Sequence[ScreeningHit], red: Sequence[Reason]) -> list[str]:
    lines = []
    if hits:
        lines += [
            "Hits that are new or came back. Until they are decided, do nothing with a partner",
            "that is blocked.",
            "",
        ]
        lines += [_line(hit) for hit in hits[:_MOST]]
        if len(hits) > _MOST:
            lines.append(f"... and {len(hits) - _MOST} more")
        lines += ["", "Next: continuity screen hits, then continuity screen decide HIT", ""]
    if red:
        lines += ["Lists that are red, so that nobody is cleared by them:"]
        lines += [f"  {reason.text}" for reason in red]
        lines += ["Next: continuity screen lists update --download, or a folder", ""]
    return lines


def _line(hit: ScreeningHit) -> str:
    why = f" ({hit.why})" if hit.why else ""
    return f"  {hit.effect:6} {hit.hit}  {hit.partner} / {hit.record}  {hit.score:.2f}{why}"
