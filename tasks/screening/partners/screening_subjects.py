"""Who is screened: every partner, and every declared owner under the id `<partner> > <owner>`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
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

    def only(self, ids: pa.Array) -> ScreeningSubjects:
        """Those of these ids alone."""
        return self._which(ids, pc.is_in)

    def without(self, unwanted: pa.Array) -> ScreeningSubjects:
        """All but those of these ids."""
        return self._which(unwanted, lambda column, value_set: pc.invert(pc.is_in(column, value_set=value_set)))

    def same_as(self, before: ScreeningSubjects) -> pa.Array:
        """Ids of those who are in `before` and read the same there."""
        at = pc.index_in(self.ids, value_set=before.ids)
        same = [pc.equal(self.partners[name], before.partners[name].take(at)) for name in ("digest", "mids")]
        return self.ids.filter(pc.fill_null(pc.and_(*same), False).combine_chunks())

    def _which(self, ids: pa.Array, ask: Callable[..., pa.ChunkedArray]) -> ScreeningSubjects:
        tables = [
            table.filter(ask(table["partner"], value_set=ids)).combine_chunks()
            for table in (self.partners, self.identifiers, self.names)
        ]
        # who is left says all: identifiers and further names are theirs
        return self if len(tables[0]) == len(self) else ScreeningSubjects(tables[0], tables[1], tables[2])


def subjects_of(register: pa.Table, digest: str = "") -> ScreeningSubjects:
    """Everyone of a register, in the order of their ids. `digest`: that of its content."""
    identifiers = flatten_column(register, "identifiers", ("partner",)).select(IDENTIFIERS.names)
    names = flatten_column(register, "other_names", ("partner",)).rename_columns(NAMES.names)
    partners_alone = register.select(PARTNERS.names[:-1])
    partners_alone = partners_alone.append_column("mids", _mids(register, identifiers)).cast(PARTNERS)
    partners = pa.concat_tables([partners_alone, _owners(register)]).sort_by("partner").combine_chunks()
    return ScreeningSubjects(partners, identifiers.cast(IDENTIFIERS), names.cast(NAMES), digest)


_UNKNOWN = {"kind": "unknown", "country": "", "city": "", "address": "", "born": "", "mids": ""}


def _owners(register: pa.Table) -> pa.Table:
    """Rows of declared owners, each with the role of the partner that it owns."""
    having = register.filter(pc.greater(pc.list_value_length(register["owners"]), 0))
    role = dict(zip(*(to_list(having[name]) for name in ("partner", "role")), strict=True))
    owners = owners_as_partners(to_list(having.select(["partner", "owners"])))
    rows = [
        _UNKNOWN
        | owner
        | {
            "digest": sha256(owner["name"].encode()).hexdigest(),
            "role": role[owner["partner"].split(ownership_rules.OWNER_SEPARATOR)[0]],
        }
        for owner in owners
    ]
    return pa.Table.from_pylist(rows, schema=PARTNERS)


def _mids(register: pa.Table, identifiers: pa.Table) -> pa.Array:
    """Partners' MIDs: those they gave, and for makers of goods those their address would be given."""
    mids: dict[str, tuple[str, ...]] = {}
    declared = identifiers.filter(pc.equal(identifiers["kind"], "mid"))
    for partner, value in zip(*(to_list(declared[n]) for n in ("partner", "value")), strict=True):
        mids[partner] = (*mids.get(partner, ()), value)
    makers = register.filter(pc.is_in(register["role"], pa.array(_MAKERS)))
    columns = ("partner", "name", "country", "city", "address", "region")
    for partner, *facts in zip(*(to_list(makers[name]) for name in columns), strict=True):
        if partner not in mids and (built := construct_mid(*facts)):
            mids[partner] = (built,)
    joined = ["\n".join(mids.get(each, ())) for each in to_list(register["partner"])]
    return pa.array(joined, _TEXT)


def subject_mids(subjects: ScreeningSubjects) -> pa.Table:
    """`partner, mid`: a row a MID."""
    with_mids = subjects.partners.filter(pc.not_equal(subjects.partners["mids"], ""))
    lines = with_mids.select(["partner"]).append_column("mid", pc.split_pattern(with_mids["mids"], "\n"))
    return flatten_column(lines, "mid", ("partner",))
