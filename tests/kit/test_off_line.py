"""The kit on a machine without network: installed from its own wheels, gone on from, worked with."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename
from pypdf import PdfReader

from tasks.core.signatures import key_id
from tasks.drill.sample_brokerage import make_sample_home
from tasks.kit import program_files
from tasks.kit.builder import BuildOptions, KitBuild, build_kit
from tasks.kit.program_files import ProgramTarget, this_machine
from tasks.security.host_keys import host_public_key
from tasks.security.sealing import SealRecipient
from tasks.workspace import Workspace

PHRASE = "five random words are better"
WINDOWS = ProgramTarget("windows", "3.13", "win_amd64")
_BANNED = """
import socket
def _refuse(*_):
    raise OSError("this machine has no network")
for name in ("connect", "connect_ex", "bind"):
    setattr(socket.socket, name, _refuse)
socket.getaddrinfo = socket.create_connection = _refuse
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, KitBuild]:
    """A kit of the sample brokerage with its programs, for this machine and for Windows."""
    folder = tmp_path_factory.mktemp("whole")
    settings = make_sample_home(folder / "home", "it").settings
    office = Workspace(settings)
    installer = folder / "python-3.13.9-amd64.exe"
    installer.write_bytes(b"MZ stands for the installer")
    order = BuildOptions(folder / "kits", python=installer, to=SealRecipient(passphrase=PHRASE))
    return office, build_kit(office, order, "it")


def isolated(folder: Path) -> tuple[list[str], dict[str, str], str]:
    """What to put before a command so that it has no network, its environment, and how."""
    plain = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    plain |= {"HOME": str(folder), "CONTINUITY_KIT_PASSPHRASE": PHRASE, "CONTINUITY_ACTOR": "it"}
    unshare = shutil.which("unshare")
    if unshare and not subprocess.run([unshare, "-n", "true"], capture_output=True).returncode:
        return ["unshare", "-n"], plain, "a network namespace without a route"
    (folder / "banned").mkdir()
    (folder / "banned" / "sitecustomize.py").write_text(_BANNED)
    plain |= {"PYTHONPATH": str(folder / "banned"), "PIP_NO_INDEX": "1"}
    return [], plain, "no index and sockets banned: a namespace was refused"


@pytest.mark.long
def test_a_clean_laptop_without_any_network(
    whole: tuple[Workspace, KitBuild], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    office, kit = whole
    assert kit.sealed is not None
    before, environment, how = isolated(tmp_path)
    stick = tmp_path / "stick"
    shutil.copytree(kit.folder / program_files.FOLDER, stick / program_files.FOLDER)
    shutil.copy(kit.sealed, stick)

    def run(*command: object, code: int = 0, errors: bool = True) -> str:
        done = subprocess.run([*before, *map(str, command)], capture_output=True, text=True,
                              env=environment, cwd=tmp_path, check=False)  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + (done.stderr if errors else "")

    reach = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
    assert "Error" in run(sys.executable, "-c", reach, code=1)
    started = time.monotonic()
    signer = key_id(host_public_key(office.settings.home))
    said = run("sh", stick / "program" / "start.sh", tmp_path / "laptop", "--signed-by", signer)
    assert "Only this book issues numbers now" in said
    desk = tmp_path / "laptop" / "program" / "bin" / "continuity"
    home = ("--home", tmp_path / "laptop" / "home")
    files = sorted((office.settings.home / "inbox").glob("*.xlsx"))
    said = run(desk, "entries", "record", *files, "--accept-clean", "--annotated", tmp_path, *home,
               code=2)  # fmt: skip
    assert "recorded" in said
    assert "QZ9-9000505-3" in run(desk, "numbers", "issue", "--desk", "laptop", "--count", "1", *home)
    assert "holds" in run(desk, "journal", "verify", *home)
    numbers = a_letter_is_issued(run, desk, home, tmp_path / "letters")
    assert "rail" in run(desk, "reconcile", "account", *home, code=1)
    run(desk, "journal", "export", "--out", tmp_path / "back", "--private", *home)
    took = time.monotonic() - started
    with capfd.disabled():
        print(
            f"\nthe kit without network, by {how}: {took:.0f} s from the stick to the copy back, "
            f"with a letter of {numbers} entries"
        )


def a_letter_is_issued(run: Callable[..., str], desk: Path, home: tuple[object, ...], out: Path) -> int:
    """For the truck port, and read back: the entries' numbers stand in it, and behind it a sheet each."""
    run(desk, "incident", "declare", "--note", "files are encrypted", *home)
    wish = ("--port", "2304", "--without-authorisation", "CBP cannot be reached", "--leave-out")
    said = run(desk, "incident", "letters", "issue", *wish, "--out", out, *home, code=1)
    assert "Nothing was sent" in said and "left out: QZ9-" in said
    (path,) = out.glob("*.pdf")
    pages = [page.extract_text() for page in PdfReader(path).pages]
    sheets = [page for page in pages if "Data for CBP Form 3461" in page]
    number = re.compile(r"QZ9-[0-9]{7}-[0-9]")
    listed = {one for page in pages if page not in sheets for one in number.findall(page)}
    assert len(listed) == len(sheets) >= 2, "those that the port did not release yet"
    assert listed == {one for page in sheets for one in number.findall(page)}
    # who has no letter yet is said to a person, beside the JSON
    known = json.loads(run(desk, "incident", "letters", "list", "--json", *home, errors=False))
    assert [one["entries"] for one in known] == [len(listed)]
    return len(listed)


@pytest.mark.long
@pytest.mark.parametrize("target", [this_machine(), WINDOWS], ids=lambda one: one.name)
def test_the_wheels_are_for_their_machine_and_want_nothing_more(
    whole: tuple[Workspace, KitBuild], target: ProgramTarget
) -> None:
    """Every wheel fits, and everything that one of them requires there is among them."""
    folder = whole[1].folder / program_files.FOLDER
    listed = [Requirement(line.split(" --hash")[0])
              for line in (folder / target.requirements).read_text().splitlines()]  # fmt: skip
    paths = {}
    for path in (folder / "wheels").iterdir():
        name, version, _, tags = parse_wheel_filename(path.name)
        if tags & set(fitting(target)):
            paths[name, str(version)] = path
    have = {canonicalize_name(one.name): str(next(iter(one.specifier)).version) for one in listed}
    assert not [one for one in have.items() if one not in paths], "no wheel of this machine's kind"
    about = program_files._environment(target) | {"extra": ""}
    for name, version in have.items():
        for wanted in required(paths[name, version]):
            if name == "broker-continuity" or (wanted.marker and not wanted.marker.evaluate(about)):
                continue
            held = have.get(canonicalize_name(wanted.name))
            assert held and wanted.specifier.contains(held, prereleases=True), f"{name}: {wanted}"


def fitting(target: ProgramTarget) -> Iterator[Tag]:
    if not target.tag:
        from packaging.tags import sys_tags

        yield from sys_tags()
        return
    version = tuple(int(part) for part in target.python.split("."))
    yield from cpython_tags(version, platforms=[target.tag])
    yield from compatible_tags(version, f"cp{''.join(map(str, version))}", [target.tag])


def required(path: Path) -> list[Requirement]:
    with zipfile.ZipFile(path) as archive:
        name = next(one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        said = HeaderParser().parsestr(archive.read(name).decode())
    return [Requirement(one) for one in said.get_all("Requires-Dist", [])]
