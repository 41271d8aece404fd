"""The versions in force: their records, their age, and what changed from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.messages import Reason
from tasks.screening.events import ListLoaded, ListShortfall
from tasks.screening.lists import list_schema
from tasks.screening.lists.catalog import OWN_LIST, ScreeningList, listings, shortfall_reason
from tasks.screening.lists.list_schema import concat_records
from tasks.screening.parquet_content import select_rows
from tasks.screening.tables import LISTS, SCREENED
from tasks.workspace import Workspace


@dataclass(frozen=True)
class ListVersion:
    """One list as it is in force. `content`: SHA-256 of its records; `as_of`: ISO date; `short`: what
    of it was below its floor when it was loaded."""

    list: str
    content: str
    as_of: str
    records: int
    names: int
    partial: bool
    faults: int
    accepted_by: str
    short: tuple[ListShortfall, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether it is the publisher's list and no part of it is below its floor."""
        return not (self.partial or self.short)

    def age(self, today: date) -> int:
        """Days since the publisher's list is known to have read so."""
        return (today - date.fromisoformat(self.as_of)).days


def in_force(journal: Journal) -> dict[str, ListVersion]:
    columns = [LISTS.c[field.name] for field in fields(ListVersion)]
    rows = journal.rows(sa.select(*columns).order_by(LISTS.c.list))
    return {row.list: _version(row._asdict()) for row in rows}


def _version(row: dict[str, Any]) -> ListVersion:
    return ListVersion(**{**row, "short": msgspec.json.decode(row["short"], type=tuple[ListShortfall, ...])})


def published_day(journal: Journal, list_: str) -> str:
    """The day the version in force was of when it was loaded; later checks that nothing changed do not
    count, as a publisher's mirror may lag behind. Empty if the list was never loaded."""
    bodies = [event.said for event in journal.events(subject=f"list/{list_}")]
    return next((body.as_of for body in reversed(bodies) if isinstance(body, ListLoaded)), "")


def read_version(content: ContentStore, version: ListVersion) -> pa.Table:
    """The records of a version. Raises ContentMissing if they are gone or altered."""
    return list_schema.from_bytes(content.get(version.content))


def records_of(workspace: Workspace, list_: str) -> pa.Table:
    """The records of one list in force; none if it was never loaded."""
    version = in_force(workspace.journal).get(list_)
    return read_version(workspace.content, version) if version else list_schema.RECORDS.empty_table()


def records_screened(content: ContentStore, contents: Mapping[str, str]) -> pa.Table:
    """The records of these lists (list to content digest) that are screened against, each once: a
    part of the CSL that a list of its own brings in is left to that list."""
    tables = {list_: list_schema.from_bytes(content.get(digest)) for list_, digest in contents.items()}
    if "csl" in tables:
        tables["csl"] = _without(tables["csl"], tables.keys() - {"csl"})
    return concat_records(tables[list_] for list_ in sorted(tables))


def _without(csl: pa.Table, listed_apart: Iterable[str]) -> pa.Table:
    doubled = frozenset[str]().union(*(listings()[list_].csl_codes for list_ in listed_apart))
    codes = [row[0] if row else "" for row in to_list(csl["programs"])]
    return csl.filter(pa.array([code not in doubled for code in codes], pa.bool_()))


def record_row(content: ContentStore, version: str, record: str) -> dict[str, Any]:
    """One record as a version (a content digest) has it; empty if it has none."""
    if not version:
        return {}
    rows = select_rows(content.get(version), list_schema.RECORDS, record=[record])
    return to_list(rows)[0] if rows.num_rows else {}


def contents_in_force(journal: Journal) -> dict[str, str]:
    """List to content digest of all versions in force. A list that is not whole (the embedded subset,
    or below its floor) does not stand in for the CSL's rows of that list, so it is left out where the
    CSL has them whole."""
    force = in_force(journal)
    return {
        list_: version.content
        for list_, version in force.items()
        if version.complete or not _in_csl(force, listings()[list_])
    }


def _in_csl(force: Mapping[str, ListVersion], listing: ScreeningList) -> bool:
    """Whether the CSL in force brings all records of this list, none of its sources below its floor."""
    csl = force.get("csl")
    if csl is None or csl.partial or not listing.csl_codes:
        return False
    return not {each.source for each in csl.short} & listing.csl_codes


def _uncovered(version: ListVersion, force: Mapping[str, ListVersion]) -> list[ListShortfall]:
    """What of a list is below its floor, less the sources of the CSL that a whole list of its own
    brings in."""
    if version.list != "csl":
        return list(version.short)
    complete = [listings()[each.list] for each in force.values() if each.complete]
    covered = frozenset[str]().union(*(listing.csl_codes for listing in complete))
    return [each for each in version.short if each.source not in covered]


def record_changes(old: pa.Table, new: pa.Table) -> tuple[set[str], set[str], set[str]]:
    """Records that were added, removed, and changed in their content."""
    at = pc.index_in(new["record"], value_set=old["record"].combine_chunks())
    in_old = pc.is_valid(at)
    differs = pc.fill_null(pc.not_equal(new["digest"], old["digest"].take(at)), False)
    missing = pc.invert(pc.is_in(old["record"], value_set=new["record"].combine_chunks()))
    which = ((new, pc.invert(in_old)), (old, missing), (new, differs))
    added, removed, changed = (set(to_list(table["record"].filter(mask))) for table, mask in which)
    return added, removed, changed


def select_records(table: pa.Table, records: Iterable[str]) -> pa.Table:
    """The rows of these records."""
    return table.filter(pc.is_in(table["record"], pa.array(sorted(records), pa.string())))


def list_states(journal: Journal) -> list[dict[str, Any]]:
    """Every list of the catalogue: version, age, whether screening may rely on it (`state`: red, amber,
    green), and the `reason` if there is one."""
    force, today = in_force(journal), clock.now().date()
    return [
        {
            "list": listing.list,
            "keeper": listing.keeper,
            "state": state,
            "as_of": version.as_of if version else "",
            "age_days": version.age(today) if version else None,
            "limit_days": listing.limit_days or None,
            "records": version.records if version else 0,
            "names": version.names if version else 0,
            "version": version.content[:12] if version else "",
            "reason": reason,
        }
        for listing in listings().values()
        for version in [force.get(listing.list)]
        for state, reason in [_state(listing, version, today, force)]
    ]


def _state(
    listing: ScreeningList, version: ListVersion | None, today: date, force: Mapping[str, ListVersion]
) -> tuple[str, Reason | None]:
    in_csl = _in_csl(force, listing)
    if version is None or (in_csl and not version.complete):
        if in_csl:
            return "green", Reason("list-covered-by-csl")
        if listing.list == OWN_LIST:
            return "green", Reason("own-list-empty")
        return "red" if listing.needed else "amber", Reason("list-never-loaded")
    if version.partial:
        return "red", Reason("list-only-embedded")
    if short := _uncovered(version, force):
        parts = tuple(shortfall_reason(each) for each in short)
        return "red", Reason("list-incomplete", parts=parts, person=version.accepted_by)
    if listing.limit_days and version.age(today) > listing.limit_days:
        return "red", Reason("list-too-old", days=listing.limit_days)
    if version.faults:
        return "amber", Reason("list-faults-accepted", person=version.accepted_by, faults=version.faults)
    return "green", None


def lists_not_screened(journal: Journal) -> tuple[list[str], str]:
    """Lists whose version in force the last screening of the partners did not use, and since when: their
    hits and points are those of before."""
    screened = journal.rows(sa.select(SCREENED.c.lists).where(SCREENED.c.what == "hits"))
    if not screened:
        return [], ""
    before = json.loads(screened[0].lists)
    changed = sorted(list_ for list_, content in contents_in_force(journal).items() if before.get(list_) != content)
    rows = journal.rows(sa.select(LISTS.c.seq).where(LISTS.c.list.in_(changed)))
    return changed, event_time(journal, max((row.seq for row in rows), default=0))


def event_time(journal: Journal, seq: int) -> str:
    """When an event was written; empty if there is none of that number."""
    rows = journal.rows(sa.select(EVENTS.c.at).where(EVENTS.c.seq == seq))
    return rows[0].at if rows else ""


def red_lists(journal: Journal) -> list[Reason]:
    """Which lists are red (`lists`), and why (`reason`), one of a reason; none where nobody is
    screened."""
    if not (journal.rows(sa.select(SCREENED.c.what)) or journal.rows(sa.select(LISTS.c.list))):
        return []
    by_reason: dict[Reason, list[str]] = {}
    for row in list_states(journal):
        if row["state"] == "red":
            by_reason.setdefault(row["reason"], []).append(row["list"])
    return [Reason("lists-red", lists=tuple(lists), reason=reason) for reason, lists in by_reason.items()]


def red_since(journal: Journal) -> str:
    """Since when a list is red, the newest of them: the day after its limit, or the moment at which
    what is no whole list was loaded. With none loaded at all, that of the last screening."""
    red = [row for row in list_states(journal) if row["state"] == "red"]
    places = {row.list: row.seq for row in journal.rows(sa.select(LISTS.c.list, LISTS.c.seq))}
    turned = [_turned(journal, row, places) for row in red if row["list"] in places]
    screened = journal.rows(sa.select(sa.func.max(SCREENED.c.seq)))[0][0]
    return max(turned, default="") or event_time(journal, screened or 0)


def _turned(journal: Journal, row: dict[str, Any], places: dict[str, int]) -> str:
    age, limit = row["age_days"], row["limit_days"]
    if isinstance(age, int) and isinstance(limit, int) and age > limit:
        return str(date.fromisoformat(str(row["as_of"])) + timedelta(days=limit + 1))
    return event_time(journal, places[str(row["list"])])


def contents_of(text: str) -> dict[str, str]:
    """The lists of a screening as the projection keeps them."""
    return dict(json.loads(text)) if text else {}
