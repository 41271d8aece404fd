"""The UFLPA Entity List of the Forced Labor Enforcement Task Force, and CBP's withhold release
orders and findings. Aliases stand inside the names, each list with a grammar of its own.

UFLPA: `A Co. (and two aliases: B; and C) and subsidiaries`; WRO: `A, a/k/a B, a/k/a C`.
"""

from __future__ import annotations

import re
from hashlib import sha256

from tasks.core.messages import Reason
from tasks.screening.lists.country_codes import country_code
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import PRIMARY, STRONG, RecordDraft, add_name

UFLPA_FILES, WRO_FILES = ("uflpa*.csv",), ("cbp_wro*.csv", "wro*.csv")
_SUBSIDIARIES = re.compile(r"\s*,?\s*and (?:its )?(?:\w+ )?(?:[\w-]+-based )?subsidiaries\.?$", re.I)
_ALIASES = re.compile(
    r"\(\s*(?:and|including)?\s*(?:\w+\s+)?(?:alias(?:es)?\s*:|also known as|formerly known as|"
    r"a/?k/?a\.?)\s*(?P<names>[^()]*(?:\([^()]*\)[^()]*)*)\)",
    re.I,
)
_AND_FIRM = re.compile(r"(?<=Ltd\.|Inc\.|LLC\.) and (?=[A-Z])|(?<=Ltd|Inc|LLC) and (?=[A-Z])")
_VESSELS = re.compile(r"fishing vessels?:? (?P<names>.+)$", re.I)
_GOODS = re.compile(r"^All (?:products|[A-Z]\w+ (?:cotton|tobacco|seafood))\b", re.I)


def read_uflpa(source: ListFiles) -> list[RecordDraft]:
    drafts = []
    for _, row in source.table(UFLPA_FILES, ("name_as_published", "effective_date")):
        published = row["name_as_published"]
        draft = RecordDraft(f"uflpa/{_key(published)}", "entity", ["UFLPA"], row["effective_date"])
        covers_subsidiaries = "subsidiar" in row.get("note", "").lower()
        draft.subsidiaries = bool(_SUBSIDIARIES.search(published)) or covers_subsidiaries
        draft.remarks = published
        for name, strength in uflpa_names(published):
            draft.add_name(name, strength)
        # every listing of this law concerns goods of the Uyghur Region or its labour programmes
        draft.add_place("CN")
        drafts.append(draft)
    return drafts


def uflpa_names(published: str) -> list[tuple[str, str]]:
    """(name, strength) of a row as DHS publishes it: the name, then its aliases."""
    text = _SUBSIDIARIES.sub("", published.strip())
    aliases = [match["names"] for match in _ALIASES.finditer(text)]
    main = " ".join(_ALIASES.sub(" ", text).split()).strip(" ,;")
    names = [(main, PRIMARY)]
    for group in aliases:
        for alias in re.split(r";", group):
            tidy = re.sub(r"^\s*(?:and|or)\s+", "", alias.strip()).strip(" ,;")
            if tidy:
                names.append((tidy, STRONG))
    return names


def read_wro(source: ListFiles) -> list[RecordDraft]:
    drafts = []
    heading = ("entity_as_published", "country", "industry", "date", "status")
    for _, row in source.table(WRO_FILES, heading):
        published = row["entity_as_published"]
        vessels = _VESSELS.search(published)
        goods = bool(_GOODS.match(published)) and not vessels
        for firm in [published] if goods or vessels else _AND_FIRM.split(published):
            draft = RecordDraft(f"cbp-wro/{_key(firm + row['date'])}", "entity", [row["status"]])
            draft.listed = row["date"]
            draft.remarks = f"{published} ({row['industry']})"
            draft.add_place(country_code(row["country"]))
            if goods:
                draft.kind = "goods"
                source.skip(Reason("list-goods-unnamed"))
            elif vessels:
                _vessels(draft, vessels["names"])
            else:
                _firm(draft, firm)
            drafts.append(draft)
    return drafts


def _vessels(draft: RecordDraft, names: str) -> None:
    draft.kind = "vessel"
    for position, part in enumerate(re.split(r",\s*(?:or |and )?", names)):
        draft.add_name(part, STRONG if position else PRIMARY)


def _firm(draft: RecordDraft, firm: str) -> None:
    for position, part in enumerate(re.split(r",?\s*a/k/a\s+", firm)):
        add_name(draft, part, STRONG if position else PRIMARY)


def _key(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
