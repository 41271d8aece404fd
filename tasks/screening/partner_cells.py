"""One cell of a partner file into its value. Each says what would be right when it is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tasks.screening.lists import countries
from tasks.screening.mid import is_mid
from tasks.screening.ownership import MARK
from tasks.screening.register import KINDS, ROLES

MOST = 1000
"""Characters of a cell; a longer one is a damaged file rather than a name."""


class Wrong(ValueError):
    """A cell that cannot be read. `right`: what could stand there."""

    def __init__(self, wrong: str, right: str) -> None:
        super().__init__(wrong)
        self.wrong, self.right = wrong, right


def text_of(cell: object) -> str:
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


def value(type_: str, text: str) -> Any:
    """The value of a cell that is not empty. Raises Wrong."""
    if len(text) > MOST:
        raise Wrong(f"{len(text):,} characters in one cell", f"at most {MOST:,}")
    if odd := re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]", text):
        raise Wrong(f"the control character U+{ord(odd[0]):04X}", "plain text")
    if odd := re.search("[\ud800-\udfff]", text):
        raise Wrong(f"not UTF-8: the byte {ord(odd[0]) & 0xFF:02x}", "text in UTF-8")
    return _READERS[type_](text)


def _id(text: str) -> str:
    if len(text) > 64 or MARK.strip() in text or "\n" in text:
        raise Wrong("no id", f"at most 64 characters, one line, without {MARK.strip()}")
    return " ".join(text.split())


def _name(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise Wrong("a line break in the name (a quote that is not closed?)", "one line")
    if not re.search(r"\w", text):
        raise Wrong("a name without a letter or digit", "the legal name")
    return " ".join(text.split())


def _choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    def read(text: str) -> str:
        plain = re.sub(r"[\s-]+", "_", text.lower())
        if plain not in choices:
            raise Wrong("unknown", f"one of {', '.join(choices)}")
        return plain

    return read


def _country(text: str) -> str:
    found = countries.code(text)
    if not found:
        raise Wrong("no country that is known", "an ISO code such as CN, or the name")
    return found


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        raise Wrong("no date", "a date such as 2026-11-24") from None


def _born(text: str) -> str:
    return text if re.fullmatch(r"(18|19|20)\d\d", text) else _date(text)


def _several(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"[;\n]", text) if part.strip()]


def _owners(text: str) -> list[dict[str, Any]]:
    found = []
    for part in _several(text):
        share = re.fullmatch(r"(.+?)[\s,:(]+(\d{1,3}(?:[.,]\d+)?)\s*%\)?", part)
        if not share:
            raise Wrong("an owner without a share", "ACME HOLDING 60%; JO SMITH 40%")
        found.append({"name": share[1].strip(), "share": float(share[2].replace(",", "."))})
    if sum(owner["share"] for owner in found) > 100.5:
        raise Wrong("shares of more than 100%", "each owner's part of the whole")
    return found


def _hts(text: str) -> list[str]:
    found = [re.sub(r"[.\s]", "", part) for part in re.split(r"[;,\n]", text) if part.strip()]
    if wrong := [part for part in found if not re.fullmatch(r"\d{2,10}", part)]:
        raise Wrong(f"{wrong[0]!r} is no tariff number", "2 to 10 digits each")
    return found


def _attestations(text: str) -> list[dict[str, str]]:
    found = []
    for part in _several(text):
        ends = re.fullmatch(r"(.+?)[\s,:(]+(\d{4}-\d\d-\d\d)\)?", part)
        if not ends:
            raise Wrong("an attestation without the day it ends", "SOC 2 2027-03-31")
        found.append({"name": ends[1].strip(), "expires": _date(ends[2])})
    return found


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text):
        raise Wrong("no whole number", "hours, such as 24")
    return int(text)


def _yes(text: str) -> bool:
    words = {"yes": True, "y": True, "true": True, "1": True, "x": True}
    words |= {"no": False, "n": False, "false": False, "0": False}
    if text.lower() not in words:
        raise Wrong("neither yes nor no", "yes or no")
    return words[text.lower()]


def _mid(text: str) -> str:
    plain = re.sub(r"\s", "", text.upper())
    if not is_mid(plain):
        raise Wrong("no manufacturer id", "8 to 15 letters and digits, the country first")
    return plain


_LABEL = re.compile(
    r"^(?:(?:f?ein|tin|tax|vat|duns|d-u-n-s|passport|reg(?:istration)?|company)\b[\s.:#]*"
    r"(?:(?:id|no|nr|number)\b[\s.:#]*)*)(?=.*\d)", re.I
)  # fmt: skip


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
    "whole": _whole,
    "yes": _yes,
    "flags": _flags,
}
