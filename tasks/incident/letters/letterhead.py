"""Who the broker is, as every letter to a port must say: name, license (19 CFR 111.2), permit (19 CFR
111.19) and office, and a telephone that is answered day and night. Nothing of it can be added at the port."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.incident.letters.values import joined
from tasks.shared.errors import BadInput, Problem
from tasks.shared.settings import FILE, Broker

REQUIRED = {
    "name": ("name", 'the name on the license, like name = "Harbor & Vance Customs Brokers"'),
    "licence": ("license number", 'the customs broker license number, like licence = "12345"'),
    "permit": ("permit number", 'the national permit number, like permit = "22-00417"'),
    "address": ("address", 'the office, like address = "120 Bridge St, Laredo TX 78040"'),
    "contact_phone": ("telephone", 'a number answered day and night, like contact_phone = "9565550142"'),
}  # fmt: skip
"""Setting of [broker] -> what it is on the letter, and what to enter."""


def missing(broker: Broker) -> list[str]:
    """The settings of [broker] that a letter needs and that are empty, or as they are shipped."""
    return [name for name in REQUIRED if not _value(broker, name)]


def titles(names: list[str]) -> str:
    """What those settings are on a letter: `license number, address`."""
    return ", ".join(REQUIRED[name][0] for name in names)


def require(broker: Broker) -> None:
    """Raises BadInput, naming each setting that is missing and what to enter."""
    problems = [
        Problem(
            file=FILE, column=f"[broker] {name}", right=REQUIRED[name][1], code="setting-not-set"
        )
        for name in missing(broker)
    ]
    if problems:
        raise BadInput("letterhead-incomplete", problems)  # fmt: skip


def credentials(broker: Broker) -> str:
    """`filer ABC · license 12345 · permit 22-00417`; what is missing is said to be."""
    return joined(_credentials(broker), " · ")


def reach(broker: Broker) -> str:
    """Who answers, and the number."""
    return joined((broker.contact_name, broker.contact_phone), " · ")


def _credentials(broker: Broker) -> Iterator[str]:
    yield f"filer {broker.filer_code}"
    yield f"license {broker.licence.strip() or 'NOT SET'}"
    yield f"permit {broker.permit.strip() or 'NOT SET'}"


def _value(broker: Broker, name: str) -> str:
    value = str(getattr(broker, name)).strip()
    return "" if name == "name" and value == Broker().name else value
