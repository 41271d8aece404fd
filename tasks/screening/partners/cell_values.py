"""One cell of a partner file into its value; a wrong one is a problem that states what would be right."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tasks.core.errors import BadInput, Problem
from tasks.screening.lists.country_codes import country_code
from tasks.screening.matching.manufacturer_id import is_mid
from tasks.screening.partners.partner_register import KINDS, ROLES
from tasks.screening.risk.ownership_rules import OWNER_SEPARATOR

MOST = 1000
"""Characters of a cell; a longer one is a damaged file rather than a name."""


def _refuse(problem: Problem) -> BadInput:
    """The error for a cell that cannot be read, with its only problem."""
    return BadInput("partner-value-invalid", [problem])


def cell_text(cell: object) -> str:
    """A cell as text: whole floats of a spreadsheet without their `.0`, dates as ISO, bytes of a Parquet
    file as the UTF-8 they are meant for."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "surrogateescape").strip()
    return str(cell).strip()


def cell_value(type_: str, text: str) -> Any:
    """The value of a cell that is not empty. Raises BadInput with one problem."""
    if len(text) > MOST:
        raise _refuse(Problem(code="partner-cell-too-long", values={"length": len(text), "most": MOST}))
    if match := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]", text):
        raise _refuse(Problem(code="partner-cell-control-character", values={"point": ord(match[0])}))
    if match := re.search("[\ud800-\udfff]", text):
        raise _refuse(Problem(code="partner-cell-not-utf8", values={"byte": ord(match[0]) & 0xFF}))
    return _READERS[type_](text)


def _id(text: str) -> str:
    if len(text) > 64 or OWNER_SEPARATOR.strip() in text or "\n" in text:
        raise _refuse(Problem(code="partner-id-invalid", values={"mark": OWNER_SEPARATOR.strip()}))
    return " ".join(text.split())


def _name(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise _refuse(Problem(code="partner-name-line-break"))
    if not re.search(r"\w", text):
        raise _refuse(Problem(code="partner-name-without-letters"))
    return " ".join(text.split())


def _choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = re.sub(r"[\s-]+", "_", text.lower())
        if plain not in choices:
            raise _refuse(Problem(code="partner-choice-unknown", values={"choices": ", ".join(choices)}))
        return plain

    return read


def _country(text: str) -> str:
    code = country_code(text)
    if not code:
        raise _refuse(Problem(code="partner-country-unknown"))
    return code


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise _refuse(Problem(code="partner-date-invalid")) from None


def _born(text: str) -> str:
    return text if re.fullmatch(r"(18|19|20)\d\d", text) else _date(text)


def _several(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"[;\n]", text) if part.strip()]


def _owners(text: str) -> list[dict[str, Any]]:
    owners = []
    for part in _several(text):
        share = re.fullmatch(r"(.+?)[\s,:(]+(\d{1,3}(?:[.,]\d+)?)\s*%\)?", part)
        if not share:
            raise _refuse(Problem(code="owner-share-missing"))
        owners.append({"name": share[1].strip(), "share": float(share[2].replace(",", "."))})
    if sum(owner["share"] for owner in owners) > 100.5:
        raise _refuse(Problem(code="owner-shares-above-whole"))
    return owners


def _hts(text: str) -> list[str]:
    numbers = [re.sub(r"[.\s]", "", part) for part in re.split(r"[;,\n]", text) if part.strip()]
    if wrong := [part for part in numbers if not re.fullmatch(r"\d{2,10}", part)]:
        raise _refuse(Problem(code="partner-tariff-number-invalid", values={"number": wrong[0]}))
    return numbers


def _attestations(text: str) -> list[dict[str, str]]:
    attestations = []
    for part in _several(text):
        ends = re.fullmatch(r"(.+?)[\s,:(]+(\d{4}-\d\d-\d\d)\)?", part)
        if not ends:
            raise _refuse(Problem(code="attestation-date-missing"))
        attestations.append({"name": ends[1].strip(), "expires": _date(ends[2])})
    return attestations


def _integer(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise _refuse(Problem(code="partner-hours-invalid"))
    return int(text)


def _yes(text: str) -> bool:
    meanings = {"yes": True, "y": True, "true": True, "1": True, "x": True}
    meanings |= {"no": False, "n": False, "false": False, "0": False}
    if text.lower() not in meanings:
        raise _refuse(Problem(code="partner-yes-no-invalid"))
    return meanings[text.lower()]


def _mid(text: str) -> str:
    plain = re.sub(r"\s", "", text.upper())
    if not is_mid(plain):
        raise _refuse(Problem(code="manufacturer-id-invalid"))
    return plain


_LABEL = re.compile(
    r"^(?:(?:f?ein|tin|tax|vat|duns|d-u-n-s|passport|reg(?:istration)?|company)\b[\s.:#]*"
    r"(?:(?:id|no|nr|number)\b[\s.:#]*)*)(?=.*\d)",
    re.I,
)


def _identifier(text: str) -> str:
    """Without the word that says what it is, which no list has: `EIN 52-1943868`."""
    return " ".join(_LABEL.sub("", text.strip()).split())


def _flags(text: str) -> list[str]:
    return [re.sub(r"[\s-]+", "_", part.lower()) for part in _several(text)]


_READERS: dict[str, Callable[[str], Any]] = {
    "id": _id,
    "text": lambda text: " ".join(text.split()),
    "name": _name,
    "role": _choice(ROLES),
    "kind": _choice(KINDS),
    "country": _country,
    "date": _date,
    "born": _born,
    "several": _several,
    "identifier": _identifier,
    "mid": _mid,
    "owners": _owners,
    "hts": _hts,
    "attestations": _attestations,
    "whole": _integer,
    "yes": _yes,
    "flags": _flags,
}
