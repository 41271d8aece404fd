"""The accounting: every number ever reserved stands in exactly one place.

CBP wants a full accounting of the entries of an incident before the broker is back (V2). A number
without a place is unaccounted; the desk it was printed for is named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal
from tasks.entries.api import ENTRIES, HELD_BY_ACE, NUMBERS, SENT, VIEWS, WITH_ANOTHER
from tasks.reconciliation.decisions.entry_facts import QUOTA_TYPES, WITHDRAWALS
from tasks.reconciliation.tables import BATCHES

FREE = "free in the reserve"
UNACCOUNTED = "UNACCOUNTED"
STRAY = "in ACE, RECORDED BY NOBODY"
VOID = "void"
USED = "on a recorded bill"
AT_PORT = "waits at the port"
AWAY = "with another broker, not filed yet"
NO_FILING = "no filing"
TO_SEND = "to be sent"
NAMED = "named in a batch"
SENT_OUT = "in a written batch"
REJECTED = "rejected by ACE, to be mended"
SUMMARY = "waits for its entry summary"
ON_FILE = "in ACE, not settled yet"
SETTLED, HANDED_OVER, BURNT = "settled", "handed over", "burnt"

PLACES = (
    FREE,
    UNACCOUNTED,
    STRAY,
    VOID,
    USED,
    AT_PORT,
    AWAY,
    NO_FILING,
    TO_SEND,
    NAMED,
    SENT_OUT,
    REJECTED,
    SUMMARY,
    ON_FILE,
    SETTLED,
    HANDED_OVER,
    BURNT,
)

OPEN_OUTCOMES = ("not presented", "waiting", "exam")
RELEASED = ("released", "provisional")
CLOSED_OUTCOMES = ("refused", "exported", "cleared otherwise")
SE_ROUTE, NO_ROUTE = "se_then_ae", "none"
"""SE goes first; the routes `ae_certified` and `ae_only` have no SE."""


@dataclass(frozen=True)
class AccountLine:
    """One number and its place. `importer` may be a private reference, never an SSN."""

    number: str
    series: str
    desk: str
    port: str
    place: str
    entry_type: str
    route: str
    outcome: str
    importer: str
    summary_complete: bool | None
    batch: str
    file: str
    note: str


def account_numbers(journal: Journal) -> list[AccountLine]:
    """Every number, in order, each once."""
    se, ae = (_sendings(application) for application in ("SE", "AE"))
    query = (
        sa.select(
            NUMBERS,
            ENTRIES.c.entry_type,
            ENTRIES.c.route,
            ENTRIES.c.outcome,
            ENTRIES.c.importer,
            ENTRIES.c.complete,
            ENTRIES.c.file,
            sa.func.coalesce(ae.c.batch, se.c.batch).label("batch"),
            *_labelled(se, "se"),
            *_labelled(ae, "ae"),
            VIEWS.c.disposition,
        )
        .select_from(NUMBERS)
        .outerjoin(ENTRIES, ENTRIES.c.number == NUMBERS.c.number)
        .outerjoin(se, se.c.number == NUMBERS.c.number)
        .outerjoin(ae, ae.c.number == NUMBERS.c.number)
        .outerjoin(VIEWS, sa.and_(VIEWS.c.number == NUMBERS.c.number, VIEWS.c.about == "summary"))
        .order_by(NUMBERS.c.series, NUMBERS.c.filer, NUMBERS.c.serial)
    )
    stray = set(stray_numbers(journal))
    return [_account_line(row, STRAY if row.number in stray else _place_of(row)) for row in journal.rows(query)]


def _sendings(application: str) -> sa.Subquery:
    """The last sending of each entry by one application, and whether the entry is still as it was sent."""
    query = (
        sa.select(
            SENT.c.number,
            SENT.c.batch,
            SENT.c.state,
            BATCHES.c.written,
            (SENT.c.digest == ENTRIES.c.digest).label("same"),
        )
        .join(BATCHES, BATCHES.c.batch == SENT.c.batch)
        .join(ENTRIES, ENTRIES.c.number == SENT.c.number)
    )
    return query.where(SENT.c.application == application).subquery()


def _labelled(sent: sa.Subquery, name: str) -> list[sa.Label[object]]:
    return [sent.c[column].label(f"{name}_{column}") for column in ("state", "written", "same")]


def stray_numbers(journal: Journal) -> list[str]:
    """Our numbers under which ACE shows an entry although they are void, free, or were given to a desk
    that recorded nothing: a paper was lost, or the number was written on another one."""
    is_held = sa.and_(
        VIEWS.c.number == NUMBERS.c.number,
        VIEWS.c.about.in_(("summary", *_OF_RELEASE)),
        VIEWS.c.disposition.in_(HELD_BY_ACE),
        VIEWS.c.summary != "cancelled",
    )
    query = sa.select(NUMBERS.c.number).join(VIEWS, is_held).distinct()
    query = query.where(NUMBERS.c.state.in_(("reserved", "issued", "void")))
    return [row.number for row in journal.rows(query.order_by(NUMBERS.c.number))]


_OF_RELEASE = ("release", "notice")


def stray_text(numbers: list[str]) -> str:
    """What to do about them."""
    first_numbers = f"{', '.join(numbers[:3])}{', ...' if numbers[3:] else ''}"
    return (
        f"ACE has an entry under {len(numbers)} number(s) that nobody recorded: {first_numbers}. Record it from "
        "its paper; a void one, or one that is not ours, CBP must cancel: then continuity reconcile "
        "burnt"
    )


def _account_line(row: sa.Row, place: str) -> AccountLine:
    return AccountLine(
        number=row.number,
        series=row.series,
        desk=row.desk,
        port=row.port,
        place=place,
        entry_type=row.entry_type or "",
        route=row.route or "",
        outcome=row.outcome or "",
        importer=row.importer or "",
        summary_complete=row.complete,
        batch=row.batch or "",
        file=row.file or "",
        note=row.note,
    )


def _place_of(row: sa.Row) -> str:
    plain = {
        "reserved": FREE,
        "issued": UNACCOUNTED,
        "void": VOID,
        "used": USED,
        "settled": SETTLED,
        "handed over": HANDED_OVER,
        "burnt": BURNT,
        WITH_ANOTHER: AWAY,
    }
    if row.state in plain:
        return plain[row.state]
    if row.disposition in HELD_BY_ACE:
        return ON_FILE
    if place := _place_of_sending(row.ae_state, row.ae_written, row.ae_same, ON_FILE):
        return place
    # A release that ACE has waits for its summary; of goods that are not released it should not be there.
    accepted_place = SUMMARY if row.outcome in RELEASED else ON_FILE
    if place := _place_of_sending(row.se_state, row.se_written, row.se_same, accepted_place):
        return place
    if row.outcome in CLOSED_OUTCOMES or row.route == NO_ROUTE:
        return NO_FILING
    if row.outcome in OPEN_OUTCOMES and not _filed_first(row):
        return AT_PORT
    return TO_SEND if row.route == SE_ROUTE else SUMMARY


def _place_of_sending(state: str | None, written: bool | None, same: bool | None, accepted_place: str) -> str:
    """Where a sending puts an entry; empty for none, and for one that came to nothing and may go again."""
    if state == "waiting":
        return SENT_OUT if written else NAMED
    if state in ("taken", "found"):
        return accepted_place
    return REJECTED if state == "rejected" and same else ""


def _filed_first(row: sa.Row) -> bool:
    """Withdrawals and quota goods wait for their summary, not for the port: it comes before they are
    let go (19 CFR 142.13(b), 144.38)."""
    withdrawn = row.route == "ae_only" and row.entry_type in WITHDRAWALS
    return withdrawn or (row.route == "ae_certified" and row.entry_type in QUOTA_TYPES)


def place_totals(lines: Iterable[AccountLine]) -> list[dict[str, str | int]]:
    """One row a desk and port: how many numbers in each place that is used, and in all."""
    totals_by_key: dict[tuple[str, str], dict[str, int]] = {}
    used: set[str] = set()
    for line in lines:
        key = (line.desk or "(reserve)", line.port)
        counts = totals_by_key.setdefault(key, {})
        counts[line.place] = counts.get(line.place, 0) + 1
        used.add(line.place)
    used_places = [place for place in PLACES if place in used]
    return [
        {
            "desk": desk,
            "port": port,
            **{place: counts.get(place, 0) for place in used_places},
            "in all": sum(counts.values()),
        }
        for (desk, port), counts in sorted(totals_by_key.items())
    ]


def unaccounted(lines: Iterable[AccountLine]) -> dict[str, list[str]]:
    """Numbers without a place, by the desk that they were printed for."""
    missing: dict[str, list[str]] = {}
    for line in lines:
        if line.place == UNACCOUNTED:
            missing.setdefault(line.desk, []).append(line.number)
    return missing


def unsettled(lines: Iterable[AccountLine]) -> list[AccountLine]:
    """Recorded entries whose place is not final. Those that need no filing are final once the
    port's proof is recorded, which recording demands."""
    final = (FREE, UNACCOUNTED, VOID, USED, NO_FILING, SETTLED, HANDED_OVER, BURNT)
    return [line for line in lines if line.place not in final]


def finished_percent(lines: Iterable[AccountLine]) -> float:
    """Per cent of the numbers that left the reserve which have their final place: 100 with none out,
    and less than 100 as long as one is open."""
    out = [line for line in lines if line.place != FREE]
    open_count = len(unsettled(out)) + sum(line.place == UNACCOUNTED for line in out)
    return 100.0 * (len(out) - open_count) / len(out) if out else 100.0


def as_content(lines: Iterable[AccountLine]) -> bytes:
    """The accounting as canonical JSON: what a sign-off binds to."""
    return canonical([asdict(line) for line in lines]).encode()


def write_workbook(lines: list[AccountLine], path: Path, *, drill: bool = False, force: bool = False) -> Path:
    """The accounting for people: totals by desk and port, then every number used. Raises Refused if
    somebody may have worked on the file that stands there, unless with `force`."""
    from tasks.documents.api import write_listing

    used = [asdict(line) for line in lines if line.place != FREE]
    return write_listing(path, {"Totals": place_totals(lines), "Numbers": used}, drill=drill, force=force)
