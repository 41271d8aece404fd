"""The versions in force: their records, their age, and what changed from one to the next."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.messages import Reason
from tasks.screening.events import ListLoaded, ListShortfall
from tasks.screening.lists import list_schema
from tasks.screening.lists.catalog import OWN, ScreeningList, listings, shortfall_reason
from tasks.screening.lists.list_schema import concat_records
from tasks.screening.parquet_content import select_rows
from tasks.screening.tables import LISTS
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
    def whole(self) -> bool:
        """Whether it is the publisher's list and no part of it is below its floor."""
        return not (self.partial or self.short)

    def age(self, today: date) -> int:
        """Days since the publisher's list is known to have read so."""
        return (today - date.fromisoformat(self.as_of)).days


def in_force(journal: Journal) -> dict[str, ListVersion]:
    rows = journal.rows(sa.select(LISTS).order_by(LISTS.c.list))
    return {
        row.list: ListVersion(
            row.list,
            row.content,
            row.as_of,
            row.records,
            row.names,
            row.partial,
            row.faults,
            row.accepted_by,
            tuple(msgspec.json.decode(row.short, type=list[ListShortfall])),
        )
        for row in rows
    }


def published_day(journal: Journal, list_: str) -> str:
    """The day the version in force was of when it was loaded; later checks that nothing changed do not
    count, as a publisher's mirror may lag behind. Empty if the list was never loaded."""
    said = [event.said for event in journal.events(subject=f"list/{list_}")]
    return next((one.as_of for one in reversed(said) if isinstance(one, ListLoaded)), "")


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
    found = {one: list_schema.from_bytes(content.get(digest)) for one, digest in contents.items()}
    if "csl" in found:
        found["csl"] = _without(found["csl"], found.keys() - {"csl"})
    return concat_records(found[one] for one in sorted(found))


def _without(csl: pa.Table, others: Iterable[str]) -> pa.Table:
    doubled = frozenset[str]().union(*(listings()[one].csl_codes for one in others))
    codes = [row[0] if row else "" for row in csl["programs"].to_pylist()]
    return csl.filter(pa.array([code not in doubled for code in codes], pa.bool_()))


def record_row(content: ContentStore, version: str, record: str) -> dict[str, Any]:
    """One record as a version (a content digest) has it; empty if it has none."""
    if not version:
        return {}
    found = select_rows(content.get(version), list_schema.RECORDS, record=[record])
    return found.to_pylist()[0] if found.num_rows else {}


def contents_in_force(journal: Journal) -> dict[str, str]:
    """List to content digest of all versions in force. A list that is not whole (the embedded subset,
    or below its floor) does not stand in for the CSL's rows of that list, so it is left out where the
    CSL has them whole."""
    force = in_force(journal)
    return {
        list_: version.content
        for list_, version in force.items()
        if version.whole or not _in_csl(force, listings()[list_])
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
    whole = [listings()[each.list] for each in force.values() if each.whole]
    covered = frozenset[str]().union(*(listing.csl_codes for listing in whole))
    return [each for each in version.short if each.source not in covered]


def record_changes(old: pa.Table, new: pa.Table) -> tuple[set[str], set[str], set[str]]:
    """Records that were added, removed, and changed in their content."""
    at = pc.index_in(new["record"], value_set=old["record"].combine_chunks())
    known = pc.is_valid(at)
    other = pc.fill_null(pc.not_equal(new["digest"], old["digest"].take(at)), False)
    gone = pc.invert(pc.is_in(old["record"], value_set=new["record"].combine_chunks()))
    which = ((new, pc.invert(known)), (old, gone), (new, other))
    added, removed, changed = (set(one["record"].filter(some).to_pylist()) for one, some in which)
    return added, removed, changed


def select_records(table: pa.Table, wanted: Iterable[str]) -> pa.Table:
    """The rows of these records."""
    return table.filter(pc.is_in(table["record"], pa.array(sorted(wanted), pa.string())))


def list_states(journal: Journal) -> list[dict[str, Any]]:
    """Every list of the catalogue: version, age, whether screening may rely on it (`state`: red, amber,
    green), and the `reason` if there is one."""
    force, today = in_force(journal), clock.now().date()
    return [
        {
            "list": one.list,
            "keeper": one.keeper,
            "state": state,
            "as_of": version.as_of if version else "",
            "age_days": version.age(today) if version else None,
            "limit_days": one.limit_days or None,
            "records": version.records if version else 0,
            "names": version.names if version else 0,
            "version": version.content[:12] if version else "",
            "reason": reason,
        }
        for one in listings().values()
        for version in [force.get(one.list)]
        for state, reason in [_state(one, version, today, force)]
    ]


def _state(
    listing: ScreeningList, version: ListVersion | None, today: date, force: Mapping[str, ListVersion]
) -> tuple[str, Reason | None]:
    in_csl = _in_csl(force, listing)
    if version is None or (in_csl and not version.whole):
        if in_csl:
            return "green", Reason("list-covered-by-csl")
        if listing.list == OWN:
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


def contents_of(text: str) -> dict[str, str]:
    """The lists of a screening as the projection keeps them."""
    return dict(json.loads(text)) if text else {}
