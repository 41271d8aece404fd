"""Every error this project raises on purpose.

ContinuityError
|-- Refused                 the answer is no; nothing was changed            (exit 1)
|   |-- NumberUnavailable   reserve used up, or a number is not in the state asked for
|   |-- NotApproved         no approval binds to this plan yet
|   |-- CodeRefused         one-time code wrong, expired, replayed, locked, or the preparer's own
|   |-- NotOpened           no key or passphrase given opens a sealed file
|   |-- Unaccounted         a number or an entry has no settled place
|   |-- RouteRefused        an entry whose filing route has no such message
|   `-- Busy *              another process is at it
|-- BadInput                what was given is wrong; all its problems together (exit 2)
|   |-- BadSettings         continuity.toml or a CONTINUITY_* variable
|   |   `-- FolderAway *    a folder named there is not there
|   |-- BadNumber           not an entry or in-bond number
|   |-- CellFault           a cell of a desk's sheet that gives no value
|   |-- HeldBack            every entry that is due has a fault of its own
|   `-- HostileFile         a file refused before it was opened
|-- JournalBroken           the journal does not hold together                  (exit 1)
|   `-- ContentMissing      an event names content that is gone or altered
|       `-- ContentAway *   the folder of all content is not there
|-- NotFetched *            a list could not be fetched whole; the old one stays (exit 1)
|-- MailUndelivered *       the mail server did not take a letter; it waits    (exit 1)
|-- SimulatorStopped        the drill's ACE simulator stopped where it was set to     (exit 1)
|-- LetterFault             this letter cannot be sent; it waits, others go  (exit 1)
|-- MissingPart             a program or an extra that is not installed      (exit 2)
`-- StoreFault *            a store or share did not do what it was asked    (exit 1)
    |-- StoreLost *         it does not answer
    |-- Missing *           it has no such object (any more, or its mount is away)
    |-- StoreFull           no room left
    |-- NoRight             the account may not do this
    `-- Exists              the name is taken

A star marks the classes with `transient`: the same attempt may succeed a little later. Nothing else is retried.
Errors from outside this tree (a locked file or database, a broken connection) count as transient.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import IntEnum
from typing import Any

from tasks.core import messages
from tasks.core.messages import message_text


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with something given: where it is, what it is, what would be right.

    `row` counts as the spreadsheet does (the heading is row 1); 0 means the whole sheet or file.
    `code` names the rule. Its words come from `data/messages` with `values`, unless `wrong` and
    `right` are stated: rules over columns (E101, C102) state theirs. `subject`: the number of the
    entry that it is a fault of, XXX-NNNNNNN-C; empty if it is a fault of no entry. Its words may
    name other entries.
    """

    file: str = ""
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    wrong: str = ""
    right: str = ""
    code: str = ""
    values: Mapping[str, object] = field(default_factory=dict[str, object], compare=False, hash=False)
    subject: str = ""

    def __post_init__(self) -> None:
        if self.code and not self.wrong:
            wrong, right = messages.problem(self.code, self.values)
            object.__setattr__(self, "wrong", wrong)
            object.__setattr__(self, "right", self.right or right)

    def __str__(self) -> str:
        location = ", ".join(
            part
            for part in (
                self.file,
                self.subject and f"entry {self.subject}",
                self.sheet and f"sheet {self.sheet}",
                self.row and f"row {self.row}",
                self.column and f"column {self.column}",
            )
            if part
        )
        value = f" {self.value!r}" if self.value else ""
        right = f"; {self.right}" if self.right else ""
        rule = f"[{self.rule}] " if self.rule else ""
        return f"{location + ': ' if location else ''}{rule}{self.wrong}{value}{right}"

    @property
    def rule(self) -> str:
        """The code that people look up: that of a rule over columns or of CBP; empty for others."""
        return "" if self.code.islower() else self.code

    def as_dict(self) -> dict[str, object]:
        return asdict(self)

    def facts(self) -> dict[str, object]:
        """What is not empty, without words that the catalog has: `Problem(**facts)` is this again."""
        nonempty = {name: value for name, value in self.as_dict().items() if value}
        if (self.wrong, self.right) == messages.problem(self.code, self.values):
            return {name: value for name, value in nonempty.items() if name not in ("wrong", "right")}
        return nonempty


class Exit(IntEnum):
    """What a command ends with. `GAPS`: the work is done, and something that it could not take along
    is named."""

    DONE = 0
    NO = 1
    BAD_INPUT = 2
    GAPS = 3


EXIT_CODES = (
    "Exit codes: 0 done, 1 the answer is no, 2 bad input or usage, 3 done, with gaps. With --json, an "
    "error is one JSON object on a line of standard error: error, message, values, problems."
)


class ContinuityError(Exception):
    """Root of the tree.

    `code` names what happened, `values` the facts of it; the words come from `data/messages`.
    `problems` is every single thing found, never only the first. `exit_code` is what the command
    line ends with; `transient` says whether the same attempt may succeed a little later.
    """

    exit_code: int = Exit.NO
    transient = False

    def __init__(self, code: str, problems: Sequence[Problem] = (), /, **values: Any) -> None:
        super().__init__(code, tuple(problems))
        self.code = code
        self.problems = tuple(problems)
        self.values = values

    @property
    def message(self) -> str:
        """The first line, in words."""
        return message_text(self.code, self.values)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])

    def as_dict(self) -> dict[str, object]:
        """For `--json`: error, message, values, problems."""
        problems = [problem.as_dict() for problem in self.problems]
        return {"error": self.code, "message": self.message, "values": self.values, "problems": problems}

    def __reduce__(self) -> tuple[Any, ...]:
        # Prefect hands errors from one process to another.
        return _rebuilt, (type(self), self.code, self.problems, self.values)


def _rebuilt(
    cls: type[ContinuityError], code: str, problems: Sequence[Problem], values: dict[str, Any]
) -> ContinuityError:
    return cls(code, problems, **values)


class Refused(ContinuityError):
    """The answer is no. Nothing was changed."""


class NumberUnavailable(Refused):
    """No number in the state that was asked for."""


class NotApproved(Refused):
    """No approval is bound to this plan. `plan`: its digest."""

    @property
    def plan(self) -> str:
        return self.values.get("plan", "")


class CodeRefused(Refused):
    """A one-time code that may not approve."""


class NotOpened(Refused):
    """No key or passphrase that was given opens a sealed file."""


class Unaccounted(Refused):
    """Numbers or entries without a settled place. `numbers` lists them."""

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(self.values.get("numbers", ()))


class RouteRefused(Refused):
    """The entry's filing route does not have the message asked for."""


class Busy(Refused):
    """Somebody else is at it just now."""

    transient = True


class BadInput(ContinuityError):
    """What was given is wrong."""

    exit_code = Exit.BAD_INPUT


class BadSettings(BadInput):
    """continuity.toml or the environment holds something that cannot be used."""


class FolderAway(BadSettings):
    """A folder named in the settings is not there: a wrong name, or its share is away."""

    transient = True


class BadNumber(BadInput):
    """Not an entry number, or not one of ours."""


class HeldBack(BadInput):
    """Every entry that is due has a fault of its own; nothing can be sent."""


class HostileFile(BadInput):
    """A file that is refused before it is opened."""


class JournalBroken(ContinuityError):
    """The chain, a projection or a signature does not hold."""


class ContentMissing(JournalBroken):
    """An event names content that is gone or no longer has its digest."""


class ContentAway(ContentMissing):
    """The folder of all content is not there: a share that is away looks like that."""

    transient = True


class NotFetched(ContinuityError):
    """A list, or a program for the kit, could not be fetched whole. What was there before is
    untouched."""

    transient = True


class MailUndelivered(ContinuityError):
    """The mail server cannot be used, or does not take what is sent."""

    transient = True


class LetterFault(ContinuityError):
    """One letter cannot be sent for a cause of its own; the others can."""


class MissingPart(ContinuityError):
    """A program or an optional extra that is not installed."""

    exit_code = Exit.BAD_INPUT


class StoreFault(ContinuityError):
    """A store or share did not do what it was asked. Nothing stored earlier is touched."""

    transient = True


class StoreLost(StoreFault):
    """The store does not answer, or the connection broke. Worth another try."""


class StoreFull(StoreFault):
    """No room left on the store, or on the disk that is restored to."""

    transient = False


class NoRight(StoreFault):
    """The account may not do this on the store."""

    transient = False


class Exists(StoreFault):
    """The name is taken. A store never overwrites."""

    transient = False


class Missing(StoreFault):
    """The store has no such object."""
