"""Social Security numbers in answers, replaced by references before anything leaves the reader.

Importers and consignees can be persons whose number is an SSN; KR, ER, SX and SO echo it. The
store holds references only, so an answer must be turned into the same references to compare.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.image import Image
from tasks.ace.answers.tables import Part

Seal = Callable[[Sequence[tuple[str, str, str]]], Sequence[str]]
"""(entry number, `table.field`, value) triples in, references out, in order: names as the entry
record has them, so that an answer gets the reference that the record holds. The triples of KR are
(``, `importers.importer_number`, value), for the caller to match with what it asked."""

SOCIAL = r"^[0-9]{3}-[0-9]{2}-[0-9]{4}"
_FIELDS = {
    "entries": ("importer_number",),
    "importers": ("importer_number",),
}
_IMAGE_FIELDS = {
    "entries": ("importer_number", "consignee_number", "notify_party"),
    "lines": ("sold_to", "delivered_to"),
    "parties": ("number",),
}


def sealed_parts(parts: dict[str, Part], seal: Seal) -> dict[str, Part]:
    """The tables of an answer with references in place of the numbers."""
    return {
        name: Part(_sealed(name, part.table, _FIELDS.get(name, ()), seal), part.batch)
        for name, part in parts.items()
    }


def sealed_image(image: Image, seal: Seal) -> Image:
    """The stored summaries with references in place of the numbers."""
    tables = {
        name: _sealed(name, table, _IMAGE_FIELDS.get(name, ()), seal)
        for name, table in image.tables()
    }
    return replace(image, **tables)


def _sealed(owner: str, table: pa.Table, fields: Sequence[str], seal: Seal) -> pa.Table:
    for name in fields:
        if name not in table.column_names:
            continue
        column = table[name].combine_chunks()
        social = pc.fill_null(pc.match_substring_regex(column, SOCIAL), False)
        rows = np.flatnonzero(social.to_numpy(zero_copy_only=False))
        if not len(rows):
            continue
        values = column.take(pa.array(rows)).to_pylist()
        named = "entry_number" in table.column_names
        numbers = table["entry_number"].take(pa.array(rows)).to_pylist() if named else []
        triples = [
            (number or "", f"{owner}.{name}", value)
            for number, value in zip(numbers or [""] * len(values), values, strict=True)
        ]
        made = pa.array(list(seal(triples)), pa.string())
        changed = pc.replace_with_mask(column, social, made)
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), changed)
    return table
