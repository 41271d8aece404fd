"""What a room puts into the off-line kit. The room says it here; the kit's own room gathers.

    def make(office: KitOffice) -> KitPart: ...
    PROVIDER = Provider("contacts", make, state, "contacts changed since")

and a line in `tasks/kit/part_list.py` names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from tasks.core.journal.bodies import canonical
from tasks.core.status_lines import StatusReason

if TYPE_CHECKING:
    from tasks.documents.api import Paper
    from tasks.workspace import Workspace

HOME = "home/"
"""Files of this folder of the kit are put into the home folder of the machine that goes on."""


class KitFile(NamedTuple):
    """A file of the kit. `name`: with its folder, parted by slashes, such as `contacts/ports.pdf`.
    `modified`: seconds since 1970, where it matters how old its content is."""

    name: str
    data: bytes
    modified: float = 0


class KitPage(NamedTuple):
    """A chapter of what is printed: `write` begins on a fresh page whose title stands already."""

    title: str
    write: Callable[[Paper], None]


class KitSheet(NamedTuple):
    """Pages that leave the house: a PDF that is printed as it is, behind all chapters."""

    title: str
    data: bytes


@dataclass(frozen=True)
class KitPart:
    """`words`: what is in it, for the kit's first page and its read-me."""

    words: str
    files: Sequence[KitFile] = ()
    pages: Sequence[KitPage] = ()
    sheets: Sequence[KitSheet] = ()


@dataclass(frozen=True, init=False)
class Fault(StatusReason):
    """Something that makes a part not fit for use. `command`: what corrects it, if building a new kit
    alone does not."""

    command: str = ""

    def __init__(self, code: str, light: str, /, *, command: str = "", **values: Any) -> None:
        super().__init__(code, light, **values)
        self._set(command=command)


def _none(workspace: Workspace) -> Iterable[Fault]:
    return ()


@dataclass(frozen=True)
class Provider:
    """`state`: a text that is another one once what the part is made of has changed, cheap to ask
    for; `stale`: the words for that. `faults`: what is wrong now, such as contacts that nobody
    verified."""

    name: str
    make: Callable[[Workspace], KitPart]
    state: Callable[[Workspace], str]
    stale: str
    faults: Callable[[Workspace], Iterable[Fault]] = _none


def state_of(*facts: object) -> str:
    """A short digest of facts that JSON can hold, for `Provider.state`."""
    return sha256(canonical(facts).encode()).hexdigest()[:16]
