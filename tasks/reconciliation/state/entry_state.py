"""What is known of each recorded entry on both sides: the paper, what we sent, what ACE said."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tasks.core.errors import Problem
from tasks.core.messages import message_text
from tasks.entries.api import AceReason, AceStatus, Difference, SingleBond


def difference_text(difference: Difference) -> str:
    """One line: where, which field, the value on paper and that in ACE."""
    # It reads tables with numpy, which the status page need not load where nothing differs.
    from tasks.ace.api import field_title

    values = {
        "field": field_title(difference.field, difference.qualifier) if difference.field else "",
        "paper": difference.paper or "nothing",
        "ace": difference.ace or "nothing",
    }
    text = message_text(difference.code, values)
    return f"{difference.subject}, {text}" if difference.subject else text


COVERED, CARRIED, LATE, ORPHAN = (
    "covered",
    "covered, summary in ACE",
    "covered, too late",
    "covered, summary not in the book",
)
CONSOLIDATING, GATHERING, LONE = ("consolidating", "consolidating, releases open", "consolidates nothing")
"""Routes of releases that another entry's summary covers, and of such summaries."""


def route_of(entry: EntryState) -> str:
    """The route as recorded, but for consolidating summaries and what they cover."""
    if entry.route == "none":
        return entry.route
    if entry.covered_by:
        covered = ORPHAN if entry.uncovered else COVERED
        return CARRIED if entry.carried else LATE if entry.late else covered
    if entry.consolidating:
        return GATHERING if entry.awaited else CONSOLIDATING if entry.covers else LONE
    return entry.route


SUMMARY, RELEASE, BILL, IMPORTER = "summary", "release", "bill", "importer"
"""What can be asked about: EQ, CQ by number, CQ by bill, KI."""

NOTICE, ACTION = "notice", "action"
"""What ACE reported by itself: where a release stands (SO); what CBP did with a summary (UC 4 rejected,
5 inactivated, 6 canceled, 8 corrected by another filer, R reverted)."""

REQUEST = "request"
"""What CBP asks of a summary, or tells of it in passing."""

CONSIGNEE = "consignee"
"""What KI said of the consignee; it is asked and kept as any importer is."""

ADDITIONAL = "A"
"""Designation of a single transaction bond beside the basic one (AE 2026-07 p.156)."""

RANGE, PROBE = "range", "probe"
"""After a restore: EQ by acceptance time (the key is the range), CQ for numbers of production."""


class LastSending(msgspec.Struct, frozen=True):
    """The last sending of one application. `state`: as in `SENT` of entries."""

    batch: str
    state: str
    digest: str
    reasons: tuple[AceReason, ...]
    seq: int
    alone: bool = False
    """The batch held this entry only, so that its rejection is this entry's own."""
    outside: bool = False
    """Every reason of its rejection lies outside the record."""
    release_digest: str = ""
    """The digest of the release data as ACE has it."""


class EntryAceStatus(AceStatus, frozen=True):
    """What ACE last showed. `asked`: the event of the query; `seq`: that of the answer."""

    asked: int = 0
    seq: int = 0


class EntryState(msgspec.Struct, frozen=True, dict=True):
    """One recorded entry. `released` is the paper's date, `YYYY-MM-DD` or empty. Places in the
    book: `since` of the number's state, `recorded` of the entry's last revision."""

    number: str
    desk: str
    port: str
    state: str
    entry_type: str
    route: str
    outcome: str
    released: str
    complete: bool
    bonded: bool
    importer: str
    content: str
    digest: str
    consignee: str = ""
    bond_type: str = ""
    entered: str = ""
    """The day that decides which bond holds, `YYYY-MM-DD` or empty."""
    open_bonds: tuple[SingleBond, ...] = ()
    """Single transaction bonds whose eBond is not confirmed."""
    single_bonds: tuple[SingleBond, ...] = ()
    sent: Mapping[str, LastSending] = msgspec.field(default_factory=dict)
    ace_statuses: Mapping[str, EntryAceStatus] = msgspec.field(default_factory=dict)
    queried: Mapping[str, int] = msgspec.field(default_factory=dict)
    since: int = 0
    recorded: int = 0
    release_digest: str = ""
    covered_by: str = ""
    """The consolidating summary that takes its release: it has none of its own."""
    consolidating: bool = False
    covers: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()
    """Of the releases that it covers, those that are not in ACE yet."""
    carried: bool = False
    """The summary that covers it stands in ACE and names it."""
    late: bool = False
    """That summary was settled before this entry was recorded."""
    uncovered: Problem | None = None
    """Why no summary of our journal can cover it, and what to do; None where one can."""
    query_rejections: Mapping[str, tuple[AceReason, ...]] = msgspec.field(default_factory=dict)
    """CBP's reasons where ACE rejects all queries whole, by what is asked about."""

    @property
    def parties(self) -> dict[str, str]:
        """Numbers that ACE must know, by what it is asked about: the importer's and, where another
        one is given, the consignee's."""
        return parties_of(self.importer, self.consignee)

    @property
    def last_sent(self) -> int:
        return max(sending.seq for sending in self.sent.values()) if self.sent else 0

    def after(self, about: str) -> int:
        """A query counts if it was put after this place: the last sending and revision; for a
        summary also what CBP last did with it."""
        acted = self.ace_statuses.get(ACTION) if about == SUMMARY else None
        return max(self.last_sent, self.recorded, acted.seq if acted else 0)

    def fresh(self, about: str) -> EntryAceStatus | None:
        """The answer to a query that counts; None if there is none."""
        status = self.ace_statuses.get(about)
        return status if status is not None and status.asked > self.after(about) else None

    def unanswered(self, about: str) -> bool:
        """True if a query that counts was put and not answered yet."""
        queried = self.queried.get(about, 0)
        status = self.ace_statuses.get(about)
        return queried > self.after(about) and (status is None or status.asked < queried)


def parties_of(importer: str, consignee: str) -> dict[str, str]:
    other_consignee = consignee if consignee != importer else ""
    numbers = {IMPORTER: importer, CONSIGNEE: other_consignee}
    return {about: number for about, number in numbers.items() if number}
