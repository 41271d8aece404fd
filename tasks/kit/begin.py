"""Going on from a kit on a clean machine: what was tampered with is refused before anything is made."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.kit import archive, program, wheel
from tasks.kit.build import JOURNAL, read_facts
from tasks.kit.own_settings import PLACE
from tasks.shared import keys, manifest
from tasks.shared.errors import BadInput, JournalBroken, Problem
from tasks.shared.files import write_atomic
from tasks.shared.journal import Head, Journal
from tasks.shared.journal_copy import HEAD_FILE, require_signer
from tasks.shared.kinds.kit import KitFacts
from tasks.shared.kit_part import HOME
from tasks.shared.local_disk import require_local
from tasks.shared.opening import BOOK, continue_home
from tasks.shared.seal import SUFFIX, By
from tasks.shared.settings import FILE, Settings, load

UNFINISHED = ".from-kit"
"""In a home that is being made from a kit: the head of the kit's book. What was cut short is gone on with."""
COPY = "kit"
"""Where the new home keeps the kit, without its programs."""


@dataclass(frozen=True)
class Begun:
    """The home that goes on. `signer`: id of the key that signed the kit."""

    settings: Settings
    head: Head
    facts: KitFacts
    signer: str


def begin(home: Path, kit: Path, actor: str, by: By, signed_by: str = "") -> Begun:
    """Make a home that goes on with the kit's book. `kit`: an open kit's folder or its sealed file,
    which `by` opens; `signed_by`: the key id on the print. The same kit again finishes what was cut short.
    Raises BadInput where a home stands, JournalBroken for a kit that was tampered with or signed by
    another key, NotOpened."""
    home = home.absolute()
    if (home / FILE).exists() and not (home / UNFINISHED).is_file():
        raise BadInput("kit-home-already-exists", home=home)
    with _opened(kit, by, home) as folder:
        signer = verify(folder, signed_by)
        facts = read_facts(folder)
        settings, head = _continued(home, folder, actor)
        _bring(folder, home)
    (home / UNFINISHED).unlink()
    return Begun(settings, head, facts, signer)


def _continued(home: Path, folder: Path, actor: str) -> tuple[Settings, Head]:
    """The home with the kit's book, which is filled in one transaction: it holds all, or nothing yet."""
    digest, mark = (
        json.loads((folder / JOURNAL / HEAD_FILE).read_bytes())["digest"],
        home / UNFINISHED,
    )
    if mark.is_file() and (home / BOOK).is_file() and (home / FILE).is_file():
        settings = load(home)
        with closing(Journal.at(home / BOOK)) as book:
            if book.head().seq and mark.read_text(encoding="utf-8") == digest:
                return settings, book.head()
            if book.head().seq:
                raise BadInput("home-started-from-other-kit", home=home)  # fmt: skip
    require_local(home)
    write_atomic(mark, digest.encode())
    (home / FILE).unlink(missing_ok=True)
    said = (folder / HOME / FILE).read_text(encoding="utf-8")
    return continue_home(home, said.replace(PLACE, home.as_posix()), folder / JOURNAL, actor)


@contextmanager
def _opened(kit: Path, by: By, home: Path) -> Iterator[Path]:
    prefix = f".kit-{home.name}-"
    for left in home.parent.glob(f"{prefix}*"):
        # of a run that was killed: an open kit lies about no longer than its opening takes
        shutil.rmtree(left, ignore_errors=True)
    if not kit.is_file():
        yield kit
        return
    if kit.suffix != SUFFIX:
        raise BadInput("kit-path-invalid", kit=kit, suffix=SUFFIX)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=home.parent) as scratch:
        archive.open_(kit, by, Path(scratch))
        yield Path(scratch)


def verify(folder: Path, signed_by: str = "") -> str:
    """Check a kit's signature, every file, and that book and kit have one signer; returns its id.
    An unsealed kit without programs is whole. Raises JournalBroken, BadInput for no kit."""
    problems, public = differences(folder)
    signer = keys.key_id(public)
    if problems:
        raise JournalBroken("kit-files-altered", problems, problems_count=len(problems))
    require_signer(public, signed_by, "The kit")
    head = json.loads((folder / JOURNAL / HEAD_FILE).read_bytes())
    if base64.b64decode(head["public_key"]) != public:
        raise JournalBroken("kit-signed-with-two-keys")
    return signer


def differences(folder: Path) -> tuple[list[Problem], bytes]:
    """What differs from the manifest, and the key that signed it."""
    try:
        public = base64.b64decode(json.loads((folder / manifest.FILE).read_bytes())["public_key"])
        problems = manifest.verify(folder)
    except FileNotFoundError:
        raise BadInput("kit-manifest-missing", folder=folder, file=manifest.FILE) from None
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise JournalBroken("kit-file-unreadable", file=manifest.FILE, reason=wrong) from None
    bare = not (folder / program.FOLDER).exists()
    return [one for one in problems if not (bare and _left_out(one))], public


def _left_out(problem: Problem) -> bool:
    return problem.file.startswith(f"{program.FOLDER}/") and problem.code == "file-missing"


def _bring(folder: Path, home: Path) -> None:
    """The kit's other files for the home, the kit itself, and the program's wheel."""
    for path in sorted((folder / HOME).rglob("*")):
        target = home / path.relative_to(folder / HOME)
        if path.is_file() and not target.exists():
            write_atomic(target, path.read_bytes(), mode=0o600)
            shutil.copystat(path, target)
    leave = shutil.ignore_patterns(program.FOLDER, JOURNAL)
    shutil.copytree(folder, home / COPY, ignore=leave, dirs_exist_ok=True)
    for own in (folder / program.FOLDER / "wheels").glob("broker_continuity-*.whl"):
        write_atomic(wheel.folder(home) / own.name, own.read_bytes())
