"""A register's subjects and their prepared names on disk, so that a list change is screened without
reading the register and preparing everyone anew.

A folder of Arrow files, and `about.json` with the digest of each. It is a copy that can be thrown away:
it counts as not there unless this program made it, with this model version, and every byte is as written.
The files are read whole, never mapped: a mapped file cannot be replaced under Windows.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import scipy.sparse as sp
from blake3 import blake3

from tasks.screening.matching.name_block import NameBlock, Tokens
from tasks.screening.matching.name_words import GROUPS
from tasks.screening.matching.partner_index import FACTS, PartnerIndex
from tasks.screening.partners.screening_subjects import ScreeningSubjects

ABOUT = "about.json"
_KEYS = ("names", "ordered", "content_key", "full_key", "bare_key")


class CacheDamaged(ValueError):
    """A file of the cache is not as it was written."""


def store_partners(folder: Path, subjects: ScreeningSubjects, partners: PartnerIndex) -> None:
    """Keep `subjects` (all of a register) and `partners`, prepared from them, in place of what was
    there."""
    new = folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    tables = {
        "partners": subjects.partners,
        "identifiers": subjects.identifiers,
        "names": subjects.names,
        **_tables(partners),
    }
    files = {name: _write(new / f"{name}.arrow", table) for name, table in tables.items()}
    about = {"register": subjects.register, "model": partners.model, "by": _program()}
    (new / ABOUT).write_text(json.dumps(about | {"files": files}), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def cached_subjects(folder: Path, model: str) -> ScreeningSubjects | None:
    """Those that are kept, or None. Raises Damaged, OSError, ValueError or KeyError if they cannot
    be read."""
    about = _about(folder, model)
    if about is None:
        return None
    partners, identifiers, names = (_read(folder, name, about) for name in ("partners", "identifiers", "names"))
    return ScreeningSubjects(partners, identifiers, names, about["register"])


def cached_partners(folder: Path, subjects: ScreeningSubjects, model: str) -> PartnerIndex | None:
    """What was prepared from those that are kept, or None. Raises as `subjects` does."""
    about = _about(folder, model)
    if about is None or about["register"] != subjects.register:
        return None
    read = {name: _read(folder, name, about) for name in ("each", "flat", "words", "groups", "held")}
    each = {name: read["each"][name].combine_chunks() for name in read["each"].column_names}
    numbers = {name: np.asarray(each[name]) for name in ("owner", "norm", "last", "last_group")}
    groups = (np.asarray(read["groups"][name]) for name in ("data", "indices"))
    bounds = [np.concatenate([[0], numbers[name]]) for name in ("last", "last_group")]
    block = NameBlock(
        tokens=_tokens(read["words"]),
        words=np.asarray(read["flat"]["word"]),
        offsets=bounds[0],
        norm=numbers["norm"],
        groups=sp.csr_matrix((*groups, bounds[1].astype(np.int32)), shape=(len(numbers["norm"]), GROUPS)),
        **{name: each[name] for name in _KEYS},
    )
    facts = subjects.partners.select(FACTS)
    return PartnerIndex(model, subjects.ids, facts, numbers["owner"], block, read["held"])


def _tables(partners: PartnerIndex) -> dict[str, pa.Table]:
    """One table for each kind of row: name, word of a name, distinct word, letter group, identifier."""
    block, groups = partners.block, partners.block.groups
    each: dict[str, Any] = {name: getattr(block, name) for name in _KEYS}
    each |= {"owner": partners.owner, "norm": block.norm}
    each |= {"last": block.offsets[1:], "last_group": groups.indptr[1:].astype(np.int64)}
    return {
        "each": pa.table(each),
        "flat": pa.table({"word": pa.array(block.words)}),
        "words": pa.table({column.name: pa.array(getattr(block.tokens, column.name)) for column in fields(Tokens)}),
        "groups": pa.table({"data": pa.array(groups.data), "indices": pa.array(groups.indices)}),
        "held": partners.identifiers,
    }


def _tokens(table: pa.Table) -> Tokens:
    return Tokens(*(table[column.name].to_numpy() for column in fields(Tokens)))


def _about(folder: Path, model: str) -> dict | None:
    where = folder / ABOUT
    if not where.exists():
        return None
    about = json.loads(where.read_text(encoding="utf-8"))
    return about if (about["model"], about["by"]) == (model, _program()) else None


@cache
def _program() -> str:
    """The digest of the package's modules: another version may prepare otherwise."""
    modules = sorted(Path(__file__).parents[1].rglob("*.py"))
    return sha256(b"".join(module.read_bytes() for module in modules)).hexdigest()


def _write(path: Path, table: pa.Table) -> str:
    out = pa.BufferOutputStream()
    with pa.ipc.new_file(out, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    data = memoryview(out.getvalue())
    path.write_bytes(data)
    return blake3(data).hexdigest()


def _read(folder: Path, name: str, about: Mapping) -> pa.Table:
    data = (folder / f"{name}.arrow").read_bytes()
    if blake3(data).hexdigest() != about["files"][name]:
        raise CacheDamaged(f"{name} of the shelf is not as it was written")
    return pa.ipc.open_file(pa.py_buffer(data)).read_all()
