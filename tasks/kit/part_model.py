"""What each part puts into the off-line kit.

    def make(workspace: Workspace) -> KitPart: ...
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

HOME_FOLDER = "home/"
"""Files of this folder of the kit are put into the home folder of the new machine."""


class KitFile(NamedTuple):
    """A file of the kit. `name`: with its folder, parted by slashes, such as `contacts/ports.pdf`.
    `modified`: seconds since 1970, where it matters how old its content is."""

    name: str
    data: bytes
    modified: float = 0


@dataclass(frozen=True)
class KitPage:
    """A chapter of what is printed: `write` begins on a fresh page whose title stands already."""

    title: str
    write: Callable[[Paper], None]


class KitSheet(NamedTuple):
    """A PDF for outsiders, printed as it is, after all chapters."""

    title: str
    data: bytes


@dataclass(frozen=True)
class KitPart:
    """`summary`: what is in it, for the kit's first page and its read-me."""

    summary: str
    files: Sequence[KitFile] = ()
    pages: Sequence[KitPage] = ()
    sheets: Sequence[KitSheet] = ()


@dataclass(frozen=True, init=False)
class Fault(StatusReason):
    """Something that makes a part not fit for use. `command`: what corrects it, if building a new kit
    alone does not."""

    command: str = ""

    def __init__(self, code: str, status: str, /, *, command: str = "", **values: Any) -> None:
        super().__init__(code, status, **values)
        self._set(command=command)


def _no_faults(workspace: Workspace) -> Iterable[Fault]:
    return ()


@dataclass(frozen=True)
class Provider:
    """`state`: a text that changes when the part's sources do, cheap to get; `stale`: the message for
    that. `faults`: what is wrong now, such as contacts that nobody verified."""

    name: str
    make: Callable[[Workspace], KitPart]
    state: Callable[[Workspace], str]
    stale: str
    faults: Callable[[Workspace], Iterable[Fault]] = _no_faults


def state_of(*facts: object) -> str:
    """A short digest of facts that JSON can hold, for `Provider.state`."""
    return sha256(canonical(facts).encode()).hexdigest()[:16]
