"""Who is screened: every partner, and every declared owner under the id `<partner> > <owner>`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa

from tasks.screening import mid, ownership

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
    rows = register.to_pylist()
    owners = ownership.as_partners(rows)
    role = {row["partner"]: row["role"] for row in rows}
    lines = [{name: row[name] for name in _COLUMNS} for row in rows]
    lines += [{"kind": "unknown", "country": "", "city": "", "address": "", "born": "", **owner}
              for owner in owners]  # fmt: skip
    identifiers = [{"partner": row["partner"], **one} for row in rows for one in row["identifiers"]]
    names = [{"partner": row["partner"], "name": name} for row in rows
             for name in row["other_names"]]  # fmt: skip
    digests = {row["partner"]: row["digest"] for row in rows}
    digests |= {one["partner"]: sha256(one["name"].encode()).hexdigest() for one in owners}
    roles = role | {o["partner"]: role[o["partner"].split(ownership.MARK)[0]] for o in owners}
    return Subjects(
        pa.Table.from_pylist(sorted(lines, key=lambda line: line["partner"]), schema=_TEXTS),
        pa.Table.from_pylist(identifiers, schema=_IDENTIFIERS),
        pa.Table.from_pylist(names, schema=_NAMES),
        digests,
        roles,
        {row["partner"]: found for row in rows if (found := _mids(row))},
    )


def _mids(row: Mapping[str, Any]) -> tuple[str, ...]:
    """A partner's MIDs: those it gave, and for makers of goods those its address would be given."""
    given = [one["value"] for one in row["identifiers"] if one["kind"] == "mid"]
    if row["role"] in _MAKERS and not given:
        built = mid.construct(
            row["name"], row["country"], row["city"], row["address"], row["region"]
        )
        given = [built] if built else []
    return tuple(given)
