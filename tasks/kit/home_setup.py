"""Going on from a kit on a clean machine: what was tampered with is refused before anything is made."""

from __future__ import annotations

import base64
import json
import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import BadInput, JournalBroken, Problem
from tasks.core.files import require_local, write_atomic
from tasks.core.journal.copies import HEAD_FILE
from tasks.core.journal.journal import Journal, JournalHead
from tasks.core.settings import SETTINGS_FILE, Settings, load_settings
from tasks.core.signatures import key_id, require_signer
from tasks.kit import program_files
from tasks.kit.builder import JOURNAL_FOLDER, read_facts
from tasks.kit.events import KitFacts
from tasks.kit.part_model import HOME_FOLDER
from tasks.kit.parts.portable_settings import HOME_PLACEHOLDER
from tasks.kit.program_wheel import wheel_folder
from tasks.kit.sealed_archive import open_kit
from tasks.opening import JOURNAL_FILE, continue_home
from tasks.security.api import MANIFEST_FILE, SEALED_SUFFIX, SealOpener, verify_manifest

UNFINISHED_MARKER = ".from-kit"
"""In a home that is being made from a kit: the head of the kit's journal. An interrupted start resumes."""
KIT_COPY = "kit"
"""Where the new home keeps the kit, without its programs."""


@dataclass(frozen=True)
class NewHome:
    """`signer`: id of the key that signed the kit."""

    settings: Settings
    head: JournalHead
    facts: KitFacts
    signer: str


def begin_home(home: Path, kit: Path, actor: str, by: SealOpener, signed_by: str = "") -> NewHome:
    """Make a home that continues the kit's journal. `kit`: an open kit's folder or its sealed file,
    which `by` opens; `signed_by`: the key id on the print. The same kit again resumes an interrupted start.
    Raises BadInput where a home exists, JournalBroken for a kit that was tampered with or signed by
    another key, NotOpened."""
    home = home.absolute()
    if (home / SETTINGS_FILE).exists() and not (home / UNFINISHED_MARKER).is_file():
        raise BadInput("kit-home-already-exists", home=home)
    with _opened(kit, by, home) as folder:
        signer = verify_kit(folder, signed_by)
        facts = read_facts(folder)
        settings, head = _continue_from_kit(home, folder, actor)
        _copy_files(folder, home)
    (home / UNFINISHED_MARKER).unlink()
    return NewHome(settings, head, facts, signer)


def _continue_from_kit(home: Path, folder: Path, actor: str) -> tuple[Settings, JournalHead]:
    """The home with the kit's journal, which is filled in one transaction: it holds all, or nothing yet."""
    digest = json.loads((folder / JOURNAL_FOLDER / HEAD_FILE).read_bytes())["digest"]
    marker = home / UNFINISHED_MARKER
    if marker.is_file() and (home / JOURNAL_FILE).is_file() and (home / SETTINGS_FILE).is_file():
        settings = load_settings(home)
        with closing(Journal.at(home / JOURNAL_FILE)) as journal:
            if journal.head().seq and marker.read_text(encoding="utf-8") == digest:
                return settings, journal.head()
            if journal.head().seq:
                raise BadInput("home-started-from-other-kit", home=home)
    require_local(home)
    write_atomic(marker, digest.encode())
    (home / SETTINGS_FILE).unlink(missing_ok=True)
    settings_text = (folder / HOME_FOLDER / SETTINGS_FILE).read_text(encoding="utf-8")
    return continue_home(home, settings_text.replace(HOME_PLACEHOLDER, home.as_posix()), folder / JOURNAL_FOLDER, actor)


@contextmanager
def _opened(kit: Path, by: SealOpener, home: Path) -> Generator[Path]:
    prefix = f".kit-{home.name}-"
    for leftover in home.parent.glob(f"{prefix}*"):
        # of a killed run: an open kit must not outlive its opening
        shutil.rmtree(leftover, ignore_errors=True)
    if not kit.is_file():
        yield kit
        return
    if kit.suffix != SEALED_SUFFIX:
        raise BadInput("kit-path-invalid", kit=kit, suffix=SEALED_SUFFIX)
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=home.parent) as scratch:
        open_kit(kit, by, Path(scratch))
        yield Path(scratch)


def verify_kit(folder: Path, signed_by: str = "") -> str:
    """Check a kit's signature, every file, and that journal and kit have one signer; returns its id.
    A kit without programs is complete. Raises JournalBroken, BadInput for no kit."""
    problems, public = differences(folder)
    signer = key_id(public)
    if problems:
        raise JournalBroken("kit-files-altered", problems, problems_count=len(problems))
    require_signer(public, signed_by, "The kit")
    head = json.loads((folder / JOURNAL_FOLDER / HEAD_FILE).read_bytes())
    if base64.b64decode(head["public_key"]) != public:
        raise JournalBroken("kit-signed-with-two-keys")
    return signer


def differences(folder: Path) -> tuple[list[Problem], bytes]:
    """What differs from the manifest, and the key that signed it."""
    try:
        public = base64.b64decode(json.loads((folder / MANIFEST_FILE).read_bytes())["public_key"])
        problems = verify_manifest(folder)
    except FileNotFoundError:
        raise BadInput("kit-manifest-missing", folder=folder, file=MANIFEST_FILE) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JournalBroken("kit-file-unreadable", file=MANIFEST_FILE, reason=error) from None
    without_programs = not (folder / program_files.FOLDER).exists()
    return [problem for problem in problems if not (without_programs and _left_out(problem))], public


def _left_out(problem: Problem) -> bool:
    return problem.file.startswith(f"{program_files.FOLDER}/") and problem.code == "file-missing"


def _copy_files(folder: Path, home: Path) -> None:
    """The kit's other files for the home, the kit itself, and the program's wheel."""
    for path in sorted((folder / HOME_FOLDER).rglob("*")):
        target = home / path.relative_to(folder / HOME_FOLDER)
        if path.is_file() and not target.exists():
            write_atomic(target, path.read_bytes(), mode=0o600)
            shutil.copystat(path, target)
    ignored = shutil.ignore_patterns(program_files.FOLDER, JOURNAL_FOLDER)
    shutil.copytree(folder, home / KIT_COPY, ignore=ignored, dirs_exist_ok=True)
    for wheel in (folder / program_files.FOLDER / "wheels").glob("broker_continuity-*.whl"):
        write_atomic(wheel_folder(home) / wheel.name, wheel.read_bytes())
