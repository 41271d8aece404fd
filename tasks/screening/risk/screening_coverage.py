"""Which partners the last screening asked whole, current lists about, and why not the others.

Without a hit a partner is clear only if that is so; else it is not screened: nothing was found because
nothing was asked. A list that is red today counts as not asked, whenever it turned red.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tasks.core.journal.journal import Journal
from tasks.core.messages import Reason
from tasks.screening.lists.list_versions import lists_not_screened, red_lists
from tasks.screening.partners.partner_register import current_digest, read_register, register_changes
from tasks.screening.tables import SCREENED
from tasks.workspace import Workspace

RUN = "continuity screen run"


@dataclass(frozen=True)
class ScreeningCoverage:
    """`red`: red lists with their reasons; `not_asked`: lists that are newer than the last screening, or
    that there was none; `changed`: partners that were taken or changed after it."""

    red: tuple[Reason, ...]
    not_asked: tuple[Reason, ...]
    changed: frozenset[str] = frozenset()

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why no partner is screened; empty if all lists are whole, current and were asked."""
        return (*self.red, *self.not_asked)

    def reasons_of(self, partner: str) -> tuple[Reason, ...]:
        """Why this partner is not screened; empty if it is."""
        change = (Reason("partner-changed-since-screening", next=RUN),)
        return (*self.reasons, *(change if partner in self.changed else ()))


def current_coverage(workspace: Workspace) -> ScreeningCoverage:
    """What the last screening of the register covers today."""
    red = tuple(red_lists(workspace.journal))
    not_asked = tuple(_not_asked(workspace.journal))
    rows = workspace.journal.rows(sa.select(SCREENED.c.partners).where(SCREENED.c.what == "hits"))
    return ScreeningCoverage(red, not_asked, _changed(workspace, rows[0].partners) if rows else frozenset())


def _not_asked(journal: Journal) -> list[Reason]:
    if not journal.rows(sa.select(SCREENED.c.what).where(SCREENED.c.what == "hits")):
        return [Reason("screening-never-done", next=RUN)]
    changed, _ = lists_not_screened(journal)
    return [Reason("lists-changed-since-screening", lists=tuple(changed), next=RUN)] if changed else []


def _changed(workspace: Workspace, screened: str) -> frozenset[str]:
    current = current_digest(workspace.journal)
    if screened == current:
        return frozenset()
    old, new = (read_register(workspace.content, digest) for digest in (screened, current))
    touched, _ = register_changes(old, new)
    return frozenset(touched)


@dataclass(frozen=True)
class UnscreenedPartners:
    """How many partners of the register are not screened, of how many, and why; `red`: whether a red list
    is among the reasons."""

    count: int
    partners: int
    reasons: tuple[Reason, ...] = ()
    red: bool = False


def unscreened_partners(workspace: Workspace) -> UnscreenedPartners:
    """The same of the whole register, without a score of each partner: for a line of the status."""
    partners = read_register(workspace.content, current_digest(workspace.journal)).num_rows
    covered = current_coverage(workspace)
    if covered.reasons:
        return UnscreenedPartners(partners, partners, covered.reasons, bool(covered.red))
    reasons = tuple({reason for partner in covered.changed for reason in covered.reasons_of(partner)})
    return UnscreenedPartners(len(covered.changed), partners, reasons)
