"""Who is screened: every partner, and every declared owner under the id `<partner> > <owner>`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from tasks.screening.lists.list_schema import flatten_column
from tasks.screening.matching.manufacturer_id import construct_mid
from tasks.screening.risk import ownership_rules
from tasks.screening.risk.ownership_rules import owners_as_partners

_MAKERS = ("supplier", "manufacturer")
_TEXT = pa.string()
PARTNERS = pa.schema(
    [
        (name, _TEXT)
        for name in ("partner", "name", "kind", "country", "city", "address", "born", "digest", "role", "mids")
    ]
)
"""`digest`: over who it is; `mids`: its MIDs, a line each."""
IDENTIFIERS = pa.schema([(name, _TEXT) for name in ("partner", "kind", "value")])
NAMES = pa.schema([(name, _TEXT) for name in ("partner", "name")])


@dataclass(frozen=True)
class ScreeningSubjects:
    """Tables as matching takes them (PARTNERS in the order of their ids, IDENTIFIERS, further NAMES).
    `register`: the content digest of the register that these are all of; empty for a part."""

    partners: pa.Table
    identifiers: pa.Table
    names: pa.Table
    register: str = ""

    def __len__(self) -> int:
        return self.partners.num_rows

    @property
    def ids(self) -> pa.Array:
        return self.partners["partner"].combine_chunks()

    def only(self, wanted: pa.Array) -> ScreeningSubjects:
        """Those of these ids alone."""
        return self._which(wanted, pc.is_in)

    def without(self, unwanted: pa.Array) -> ScreeningSubjects:
        """All but those of these ids."""
        return self._which(unwanted, lambda column, value_set: pc.invert(pc.is_in(column, value_set=value_set)))

    def same_as(self, others: ScreeningSubjects) -> pa.Array:
        """Ids of those who are among `others` and read the same there."""
        at = pc.index_in(self.ids, value_set=others.ids)
        same = [pc.equal(self.partners[name], others.partners[name].take(at)) for name in ("digest", "mids")]
        return self.ids.filter(pc.fill_null(pc.and_(*same), False).combine_chunks())

    def _which(self, ids: pa.Array, ask: Callable[..., pa.ChunkedArray]) -> ScreeningSubjects:
        tables = [
            table.filter(ask(table["partner"], value_set=ids)).combine_chunks()
            for table in (self.partners, self.identifiers, self.names)
        ]
        # who is left says all: identifiers and further names are theirs
        return self if len(tables[0]) == len(self) else ScreeningSubjects(*tables)


def subjects_of(register: pa.Table, digest: str = "") -> ScreeningSubjects:
    """Everyone of a register, in the order of their ids. `digest`: that of its content."""
    identifiers = flatten_column(register, "identifiers", ("partner",)).select(IDENTIFIERS.names)
    names = flatten_column(register, "other_names", ("partner",)).rename_columns(NAMES.names)
    own = register.select(PARTNERS.names[:-1])
    own = own.append_column("mids", _mids(register, identifiers)).cast(PARTNERS)
    partners = pa.concat_tables([own, _owners(register)]).sort_by("partner").combine_chunks()
    return ScreeningSubjects(partners, identifiers.cast(IDENTIFIERS), names.cast(NAMES), digest)


_UNKNOWN = {"kind": "unknown", "country": "", "city": "", "address": "", "born": "", "mids": ""}


def _owners(register: pa.Table) -> pa.Table:
    """Rows of declared owners, each with the role of the partner that it owns."""
    having = register.filter(pc.greater(pc.list_value_length(register["owners"]), 0))
    role = dict(zip(*(having[name].to_pylist() for name in ("partner", "role")), strict=True))
    owners = owners_as_partners(having.select(["partner", "owners"]).to_pylist())
    rows = [
        _UNKNOWN
        | one
        | {
            "digest": sha256(one["name"].encode()).hexdigest(),
            "role": role[one["partner"].split(ownership_rules.MARK)[0]],
        }
        for one in owners
    ]
    return pa.Table.from_pylist(rows, schema=PARTNERS)


def _mids(register: pa.Table, identifiers: pa.Table) -> pa.Array:
    """Partners' MIDs: those they gave, and for makers of goods those their address would be given."""
    given: dict[str, tuple[str, ...]] = {}
    told = identifiers.filter(pc.equal(identifiers["kind"], "mid"))
    for partner, value in zip(*(told[n].to_pylist() for n in ("partner", "value")), strict=True):
        given[partner] = (*given.get(partner, ()), value)
    makers = register.filter(pc.is_in(register["role"], pa.array(_MAKERS)))
    columns = ("partner", "name", "country", "city", "address", "region")
    for partner, *place in zip(*(makers[name].to_pylist() for name in columns), strict=True):
        if partner not in given and (built := construct_mid(*place)):
            given[partner] = (built,)
    found = ["\n".join(given.get(one, ())) for one in register["partner"].to_pylist()]
    return pa.array(found, _TEXT)


def subject_mids(subjects: ScreeningSubjects) -> pa.Table:
    """`partner, mid`: a row a MID."""
    some = subjects.partners.filter(pc.not_equal(subjects.partners["mids"], ""))
    lines = some.select(["partner"]).append_column("mid", pc.split_pattern(some["mids"], "\n"))
    return flatten_column(lines, "mid", ("partner",))
