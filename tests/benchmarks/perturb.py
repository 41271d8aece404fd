"""Kinds of change a partner's name comes with, each from a seeded generator; and clean names.

The kinds are the equal eighths of the screening benchmark; aliases held out are real, not made.
"""

from __future__ import annotations

import csv
import random
import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data" / "screening"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NEAR = {
    "A": "QWSZ", "B": "VGHN", "C": "XDFV", "D": "SERFCX", "E": "WSDR", "F": "DRTGVC", "G": "FTYHBV",
    "H": "GYUJNB", "I": "UJKO", "J": "HUIKMN", "K": "JIOLM", "L": "KOP", "M": "NJK", "N": "BHJM",
    "O": "IKLP", "P": "OL", "Q": "WA", "R": "EDFT", "S": "AWEDXZ", "T": "RFGY", "U": "YHJI",
    "V": "CFGB", "W": "QASE", "X": "ZSDC", "Y": "TGHU", "Z": "ASX",
}  # fmt: skip
SPELLINGS = (
    ("KH", "H"), ("KH", "CH"), ("SH", "SCH"), ("CH", "TCH"), ("ZH", "J"), ("PH", "F"), ("TS", "TZ"),
    ("YA", "IA"), ("YU", "IU"), ("YE", "E"), ("IY", "Y"), ("II", "Y"), ("Y", "I"), ("I", "Y"),
    ("OU", "U"), ("U", "OU"), ("OO", "U"), ("EE", "I"), ("EI", "EY"), ("AI", "AY"), ("Q", "K"),
    ("K", "Q"), ("C", "K"), ("K", "C"), ("W", "V"), ("V", "W"), ("J", "DJ"), ("DJ", "J"), ("Z", "S"),
    ("S", "Z"), ("O", "U"), ("E", "I"), ("A", "E"), ("AH", "A"), ("EV", "EFF"), ("OV", "OFF"),
    ("MM", "M"), ("SS", "S"), ("LL", "L"), ("DD", "D"), ("X", "KS"), ("GH", "G"), ("DH", "D"), ("TH", "T"),
)  # fmt: skip
FORMS = ("LLC", "LTD", "INC", "CO LTD", "CORP", "S.A.", "GMBH", "JSC", "LIMITED", "FZE", "SARL", "OOO", "PLC")
ADDED = (
    "INTERNATIONAL", "GROUP", "TRADING", "HOLDING", "SERVICES", "GLOBAL", "INDUSTRIES", "COMPANY", "EXPORT",
    "LOGISTICS", "ENTERPRISES", "USA", "ASIA", "EUROPE", "NORTH", "SHIPPING", "SOLUTIONS", "TECHNOLOGY",
    "IMPORT", "GENERAL", "BRANCH", "DIVISION", "SUPPLY", "PARTNERS", "DUBAI", "SHANGHAI", "MARINE",
)  # fmt: skip
SUFFIX = re.compile(
    r"[,\s]+(LLC|L\.L\.C\.|LTD\.?|LIMITED|INC\.?|CORP\.?|CO\.?|COMPANY|S\.A\.(?: DE C\.V\.)?"
    r"|JSC|GMBH|SAL|FZE|PLC|A\.S\.)$"
)


def typo(name: str, dice: random.Random) -> str:
    """One slip of the keyboard in a letter: another key, dropped, doubled, or two swapped."""
    places = [n for n, sign in enumerate(name) if sign.isalpha()]
    if not places:
        return name
    at = dice.choice(places)
    sign = name[at].upper()
    kind = dice.randrange(4)
    if kind == 0:
        return name[:at] + dice.choice(NEAR.get(sign, LETTERS)) + name[at + 1 :]
    if kind == 1:
        return name[:at] + name[at + 1 :]
    if kind == 2:
        return name[:at] + dice.choice(LETTERS) + name[at:]
    if at + 1 < len(name) and name[at + 1].isalpha() and name[at + 1] != name[at]:
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    return name[:at] + sign + name[at:]


def one_typo(name: str, dice: random.Random) -> str:
    return typo(name, dice)


def two_typos(name: str, dice: random.Random) -> str:
    return typo(typo(name, dice), dice)


def transliteration(name: str, dice: random.Random) -> str:
    """One to three letters or letter pairs spelled as another transliteration would."""
    fitting = [pair for pair in SPELLINGS if pair[0] in name]
    for wanted, given in dice.sample(fitting, min(len(fitting), dice.randint(1, 3))):
        places = [found.start() for found in re.finditer(wanted, name)]
        if places:
            at = dice.choice(places)
            name = name[:at] + given + name[at + len(wanted) :]
    return name


def dropped(name: str, dice: random.Random) -> str:
    words = name.split()
    if len(words) > 1:
        words.pop(dice.randrange(len(words)))
    return " ".join(words)


def added(name: str, dice: random.Random) -> str:
    words = name.split()
    words.insert(dice.randrange(len(words) + 1), dice.choice(ADDED))
    return " ".join(words)


def joined_or_split(name: str, dice: random.Random) -> str:
    words = name.replace("-", " ").split()
    long = [n for n, word in enumerate(words) if len(word) >= 6]
    if len(words) > 1 and (dice.random() < 0.5 or not long):
        at = dice.randrange(len(words) - 1)
        words[at : at + 2] = [words[at].rstrip(",") + words[at + 1]]
    elif long:
        at = dice.choice(long)
        cut = dice.randint(3, len(words[at]) - 3)
        words[at : at + 1] = [words[at][:cut], words[at][cut:]]
    return " ".join(words)


def order_and_form(name: str, dice: random.Random) -> str:
    """Words in another order, the legal form another, gone, or added."""
    words = SUFFIX.sub("", name).replace(",", "").split()
    dice.shuffle(words)
    if dice.random() < 0.6:
        words.append(dice.choice(FORMS))
    return " ".join(words)


CHANGES = {
    "one typo": one_typo,
    "two typos": two_typos,
    "transliteration": transliteration,
    "dropped word": dropped,
    "added word": added,
    "joined or split": joined_or_split,
    "order, legal form": order_and_form,
}


@cache
def parts(kind: str) -> tuple[list[str], list[float]]:
    """Name parts of one kind and how often each is drawn, from `tests/data/screening/parts.csv`."""
    with (DATA / "parts.csv").open(encoding="utf-8") as source:
        rows = [row for row in csv.DictReader(source) if row["kind"] == kind]
    return [row["part"] for row in rows], [float(row["share"]) for row in rows]


def draw(kind: str, dice: random.Random) -> str:
    values, shares = parts(kind)
    return dice.choices(values, shares)[0]


REGIONS = (
    "us", "us", "us", "latin", "arabic", "slavic", "chinese", "indian", "european", "polish", "turkish",
    "asian", "african",
)  # fmt: skip
SYLLABLES = (
    "KA", "LO", "MI", "TEN", "VOR", "ZA", "RI", "SUN", "PEX", "DO", "NEX", "BEL", "TRA", "COM", "MED", "AG",
    "FLEX", "TEX", "NOVA", "LUX", "PRO", "DYN", "VIA", "SOL", "GEN", "ARC", "ECO", "TEL", "MAX", "CRE",
)  # fmt: skip
STARTS = ("GRUPO", "STICHTING", "PT", "CV", "CONG TY TNHH", "UD", "STUDIO", "CASA", "AL", "THE", "GROUPE",
          "INDUSTRIAS", "SOCIETE", "HOUSE OF", "CLUB", "BANCO", "FONDAZIONE", "VEREIN")  # fmt: skip


def clean_person(dice: random.Random) -> str:
    where = dice.choice(REGIONS)
    given, family = draw(f"given-{where}", dice), draw(f"family-{where}", dice)
    shape = dice.random()
    if shape < 0.04:
        return dice.choice((given, family))
    if shape < 0.2:
        return f"{given} {draw(f'given-{where}', dice)} {family}"
    if shape < 0.28:
        return f"{given} {dice.choice(LETTERS)}. {family}"
    if shape < 0.34:
        return f"{given} {family}-{draw(f'family-{where}', dice)}"
    if shape < 0.42 or (shape < 0.6 and where == "latin"):
        return f"{given} {family} {draw(f'family-{where}', dice)}"
    if shape < 0.46:
        return f"{draw('given-us', dice)} {family}"
    if shape < 0.5:
        return f"{dice.choice(('MR.', 'DR.', 'MRS.', 'ING.'))} {given} {family}"
    return f"{family}, {given}" if shape < 0.62 else f"{given} {family}"


def any_family(dice: random.Random) -> str:
    return draw("family-" + dice.choice(REGIONS), dice)


def clean_head(dice: random.Random) -> str:
    """What a company is called by."""
    shape = dice.random()
    if shape < 0.25:
        return any_family(dice)
    if shape < 0.45:
        return draw("place", dice)
    if shape < 0.7:
        return f"{draw('brand', dice)} {draw('brand', dice)}"
    if shape < 0.8:
        return draw("brand", dice)
    if shape < 0.95:
        return "".join(dice.choice(SYLLABLES) for _ in range(dice.randint(2, 3)))
    return "".join(dice.choice(LETTERS) for _ in range(dice.randint(2, 4)))


def clean_company(dice: random.Random) -> str:
    form = draw("form", dice)
    shape = dice.random()
    if shape < 0.07:
        kin = dice.choice(("SONS", "CO", "BROTHERS", "SON"))
        return f"{any_family(dice)} {dice.choice(('AND', '&'))} {kin}"
    if shape < 0.12:
        return f"{any_family(dice)}, {any_family(dice)} AND {any_family(dice)} {form}".strip()
    if shape < 0.2:
        return f"{any_family(dice)}{dice.choice(('-', ' ', ' & ', ' '))}{any_family(dice)} {form}".strip()
    if shape < 0.28:
        return f"{dice.choice(STARTS)} {clean_head(dice)} {form}".strip()
    if shape < 0.34:
        return f"{clean_head(dice)} {form}".strip()
    if shape < 0.4:
        return f"{draw('trade', dice)} {clean_head(dice)} {form}".strip()
    if shape < 0.5:
        return f"{clean_head(dice)} {draw('trade', dice)} {draw('place', dice)} {form}".strip()
    if shape < 0.6:
        return f"{draw('place', dice)} {clean_head(dice)} {draw('trade', dice)} {form}".strip()
    middle = f" {draw('trade', dice)}" if dice.random() < 0.4 else ""
    return f"{clean_head(dice)}{middle} {draw('trade', dice)} {form}".strip()


def clean(count: int, seed: int) -> list[str]:
    """Names drawn from no list: half persons, half companies, put together from public parts."""
    dice = random.Random(seed)
    return [clean_person(dice) if n % 2 else clean_company(dice) for n in range(count)]
