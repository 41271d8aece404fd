"""The trade.gov Consolidated Screening List, in its layouts of 28 columns (2019) and 29 (2025).

Columns are bound by name. Several values in a cell are parted by `; `. The code of a source stands
in its brackets, `Entity List (EL) - Bureau of Industry and Security`. Rows without an id of the
publisher are known by the digest of source, name and first address.
"""

from __future__ import annotations

import re
from hashlib import sha256

from tasks.core.messages import Reason
from tasks.screening.lists.country_codes import country_code
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import PRIMARY, RecordDraft, add_alias, add_name
from tasks.screening.lists.ofac import birth_date

FILES = ("consolidated.csv", "csl*.csv")
_CODE = re.compile(r"\(([A-Z]{2,5})\)")
_SUBSIDIARIES = re.compile(r"[;,]? and any successor,? sub-?unit,? or subsidiary thereof$", re.I)
_IDENTIFIERS = (
    ("imo", ("vessel registration", "imo")),
    ("passport", ("passport",)),
    ("duns", ("d-u-n-s",)),
    ("tax", ("tax id", "nit #", "ruc", "v.a.t.", "rif", "r.f.c.")),
    ("registration", ("registration", "registry", "company number", "matricula", "social credit")),
)


def read_csl(source: ListFiles) -> list[RecordDraft]:
    drafts: dict[str, RecordDraft] = {}
    for _, row in source.table(FILES, ("source", "name", "addresses", "alt_names", "ids")):
        code = match[1] if (match := _CODE.search(row["source"])) else "OTHER"
        if not row["name"]:
            source.skip(Reason("list-rows-unnamed"))
            continue
        draft = _draft(row, code)
        drafts.setdefault(draft.record, draft)
    return list(drafts.values())


def _draft(row: dict[str, str], code: str) -> RecordDraft:
    number = row.get("entity_number") or row.get("_id") or _own_id(row)
    draft = RecordDraft(f"csl/{code}-{number}", row.get("type", "").lower() or "unknown")
    draft.programs = [code, *_several(row.get("programs", ""))]
    draft.listed, draft.ends = row.get("start_date", ""), row.get("end_date", "")
    draft.subsidiaries = bool(_SUBSIDIARIES.search(row["name"]))
    add_name(draft, _SUBSIDIARIES.sub("", row["name"]), PRIMARY)
    for name in _several(row["alt_names"]):
        add_alias(draft, re.sub(r"^and ", "", name))
    for address in _several(row["addresses"]):
        _add_place(draft, address)
    for date in _several(row.get("dates_of_birth", "")) or []:
        draft.add_place(born=date if re.fullmatch(r"\d{4}(-\d\d-\d\d)?", date) else birth_date(date))
    for nation in _several(row.get("nationalities", "") + "; " + row.get("citizenships", "")):
        draft.add_place(country_code(nation))
    draft.add_place(country_code(row.get("vessel_flag", "")))
    for identifier in _several(row["ids"]):
        _identifier(draft, identifier)
    draft.remarks = "; ".join(
        row[name]
        for name in ("title", "remarks", "license_requirement", "license_policy", "federal_register_notice")
        if row.get(name)
    )
    return draft


def _own_id(row: dict[str, str]) -> str:
    text = "\n".join((row["source"], row["name"], row["addresses"].split("; ")[0]))
    return sha256(text.encode()).hexdigest()[:16]


def _several(text: str) -> list[str]:
    return [part.strip() for part in text.split("; ") if part.strip()]


def _add_place(draft: RecordDraft, address: str) -> None:
    """`street, city, postal code, CC`: the last part is the country."""
    parts = [part.strip() for part in address.split(",")]
    country = country_code(parts[-1])
    if country:
        parts.pop()
    while parts and re.fullmatch(r"[\d -]{4,}", parts[-1]):
        parts.pop()
    city = parts.pop() if parts else ""
    draft.add_place(country, city, ", ".join(parts))


def _identifier(draft: RecordDraft, text: str) -> None:
    """`US, 80-0890696, Tax ID No.`, `IMO 8898831, Vessel Registration Identification`, or the
    newer order `Passport, 836238033, KP`."""
    lower = text.lower()
    kind = next((k for k, words in _IDENTIFIERS if any(word in lower for word in words)), "")
    parts = (part.strip() for part in text.split(","))
    value = next((part for part in parts if _is_number(part)), "")
    if kind and value:
        draft.add_identifier(kind, value.removeprefix("IMO "))


def _is_number(part: str) -> bool:
    return len(re.findall(r"\d", part)) >= 4 and bool(re.fullmatch(r"[A-Z0-9 ./-]+", part))
