"""Prepared partners on disk, so that a list change is screened without preparing all of them anew.

A folder of plain data: `block.npz` (numbers and the matrix), `names`, `words`, `partners` and
`identifiers` as Parquet, `about.json`. It is a copy that can be thrown away: what it was made from is
named by `key` (the caller's digest of the partners' content) and by the model version; both must be
those asked for, or it counts as not there.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp

from tasks.screening.block import Block, Tokens, build_tokens, strings
from tasks.screening.model import load_model
from tasks.screening.partners import Partners

KEYS = ("ordered", "content_key", "full_key", "bare_key")


def put(folder: Path, key: str, partners: Partners) -> None:
    """Keep `partners` in `folder`, in place of what was there."""
    block, new = partners.block, folder.with_name(folder.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    groups = block.groups
    np.savez(
        new / "block.npz", owner=partners.owner, words=block.words, offsets=block.offsets,
        norm=block.norm, data=groups.data, indices=groups.indices, indptr=groups.indptr,
        shape=np.array(groups.get_shape()),
    )  # fmt: skip
    columns = {"name": block.names} | {name: getattr(block, name).tolist() for name in KEYS}
    pq.write_table(pa.table(columns), new / "names.parquet")
    pq.write_table(pa.table({"word": block.tokens.text.tolist()}), new / "words.parquet")
    pq.write_table(
        partners.facts.append_column("partner", [partners.ids]), new / "partners.parquet"
    )
    held = [(*kind, who) for kind, holders in partners.identifiers.items() for who in holders]
    table = {name: [row[n] for row in held] for n, name in enumerate(("kind", "value", "partner"))}
    pq.write_table(pa.table(table), new / "identifiers.parquet")
    (new / "about.json").write_text(json.dumps({"key": key, "model": partners.model}))
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def get(folder: Path, key: str, model: str) -> Partners | None:
    """What was kept for that key and model version, or None."""
    about = folder / "about.json"
    if not about.exists() or json.loads(about.read_text()) != {"key": key, "model": model}:
        return None
    kept = np.load(folder / "block.npz", allow_pickle=False)
    names = pq.read_table(folder / "names.parquet")
    facts = pq.read_table(folder / "partners.parquet")
    identifiers: dict[tuple[str, str], list[int]] = {}
    for row in pq.read_table(folder / "identifiers.parquet").to_pylist():
        identifiers.setdefault((row["kind"], row["value"]), []).append(row["partner"])
    block = Block(
        names=names["name"].to_pylist(),
        tokens=_tokens(folder, model),
        words=kept["words"],
        offsets=kept["offsets"],
        norm=kept["norm"],
        groups=_groups(kept),
        **{name: strings(names[name].to_pylist()) for name in KEYS},
    )
    ids = facts["partner"].to_pylist()
    return Partners(model, ids, facts.drop_columns("partner"), kept["owner"], block, identifiers)


def _tokens(folder: Path, model: str) -> Tokens:
    words = pq.read_table(folder / "words.parquet")["word"].to_pylist()
    return build_tokens(words, load_model(model))


def _groups(kept: np.lib.npyio.NpzFile) -> sp.csr_matrix:
    shape = tuple(kept["shape"].tolist())
    return sp.csr_matrix((kept["data"], kept["indices"], kept["indptr"]), shape=shape)
