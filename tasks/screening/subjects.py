"""Who is screened: every partner, and every declared owner under the id `<partner> > <owner>`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa

from tasks.screening import mid, ownership
from tasks.screening.lists.tables import flat

_MAKERS = ("supplier", "manufacturer")


@dataclass(frozen=True)
class Subjects:
    """Tables as matching takes them, and beside them each subject's digest, role and MIDs.

    `partners`: partner, name, kind, country, city, address, born; `identifiers`: partner, kind,
    value; `names`: partner, name, further names."""

    partners: pa.Table
    identifiers: pa.Table
    names: pa.Table
    digests: Mapping[str, str]
    roles: Mapping[str, str]
    mids: Mapping[str, tuple[str, ...]]

    def only(self, wanted: Iterable[str]) -> Subjects:
        """These subjects alone."""
        some = set(wanted)
        if some == self.digests.keys():
            return self
        kept = pa.array(sorted(some), pa.string())
        tables = (_some(one, kept) for one in (self.partners, self.identifiers, self.names))
        parts = [{k: v for k, v in one.items() if k in some}
                 for one in (self.digests, self.roles, self.mids)]  # fmt: skip
        return Subjects(*tables, *parts)


def _some(table: pa.Table, wanted: pa.Array) -> pa.Table:
    import pyarrow.compute as pc

    return table.filter(pc.is_in(table["partner"], wanted))


_COLUMNS = ("partner", "name", "kind", "country", "city", "address", "born")
_TEXTS = pa.schema([(name, pa.string()) for name in _COLUMNS])
_IDENTIFIERS = pa.schema([(name, pa.string()) for name in ("partner", "kind", "value")])
_NAMES = pa.schema([(name, pa.string()) for name in ("partner", "name")])


def of(register: pa.Table) -> Subjects:
    """Everyone of a register, in the order of their ids."""
    owners = ownership.as_partners(_having(register, "owners").to_pylist())
    role = _column(register, "role")
    digests = _column(register, "digest")
    digests |= {one["partner"]: sha256(one["name"].encode()).hexdigest() for one in owners}
    roles = role | {o["partner"]: role[o["partner"].split(ownership.MARK)[0]] for o in owners}
    unknown = pa.Table.from_pylist([_UNKNOWN | owner for owner in owners], schema=_TEXTS)
    partners = pa.concat_tables([register.select(_COLUMNS), unknown]).sort_by("partner")
    identifiers = flat(register, "identifiers", ("partner",))
    names = flat(register, "other_names", ("partner",)).rename_columns(_NAMES.names)
    return Subjects(
        partners.combine_chunks(),
        identifiers.select(_IDENTIFIERS.names).cast(_IDENTIFIERS),
        names.cast(_NAMES),
        digests,
        roles,
        _mids(register, identifiers),
    )


_UNKNOWN = {"kind": "unknown", "country": "", "city": "", "address": "", "born": ""}


def _column(register: pa.Table, name: str) -> dict[str, Any]:
    """Partner to the value of a column."""
    return dict(zip(register["partner"].to_pylist(), register[name].to_pylist(), strict=True))


def _having(register: pa.Table, column: str) -> pa.Table:
    """The rows whose list is not empty."""
    import pyarrow.compute as pc

    return register.filter(pc.greater(pc.list_value_length(register[column]), 0))


def _mids(register: pa.Table, identifiers: pa.Table) -> dict[str, tuple[str, ...]]:
    """Partners' MIDs: those they gave, and for makers of goods those their address would be given."""
    import pyarrow.compute as pc

    given: dict[str, tuple[str, ...]] = {}
    told = identifiers.filter(pc.equal(identifiers["kind"], "mid"))
    for partner, value in zip(*(told[n].to_pylist() for n in ("partner", "value")), strict=True):
        given[partner] = (*given.get(partner, ()), value)
    makers = register.filter(pc.is_in(register["role"], pa.array(_MAKERS)))
    columns = ("partner", "name", "country", "city", "address", "region")
    for partner, *place in zip(*(makers[name].to_pylist() for name in columns), strict=True):
        if partner not in given and (built := mid.construct(*place)):
            given[partner] = (built,)
    return given
