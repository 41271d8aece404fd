"""`continuity init | status | drill`: the commands that stand on their own.

`continuity up`: starts the server and all that runs by itself, in processes of their own.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from tasks.cli.context import Json, invocation, print_table, print_text
from tasks.core.errors import MissingPart


def add_up_command(app: typer.Typer) -> None:
    app.command()(up)


def up(
    check: Annotated[bool, typer.Option("--check", help="Say what is wrong, start nothing.")] = False,
    port: Annotated[int, typer.Option(help="Where the server listens; else \\[operations].")] = 0,
    host: Annotated[str, typer.Option(help="Address it listens on; else \\[operations].")] = "",
    part: Annotated[str, typer.Option(help="all, server or worker: for several machines, and systemd.")] = "all",
    pool: Annotated[str, typer.Option(help="The worker's pool: continuity, or restore-drill.")] = "continuity",
) -> None:
    """Server, deployments, alerts and worker in one. Prints the address of the UI and what runs next;
    Ctrl-C ends all. Exit 1 with --check if something is wrong."""
    from importlib.util import find_spec

    if find_spec("prefect") is None:
        raise MissingPart("prefect-not-installed")
    command = [
        sys.executable,
        "-m",
        "tasks.operations.runtime.supervisor",
        "--home",
        str(invocation.home),
        "--part",
        part,
        "--pool",
        pool,
    ]
    command += ["--port", str(port)] if port else []
    command += ["--host", host] if host else []
    raise typer.Exit(_run([*command, "--check"] if check else command))


def _run(command: list[str]) -> int:
    """Run it to its end. What ends this process is passed on, so that nothing is left behind."""
    process = subprocess.Popen(command)

    def pass_on(*_: object) -> None:
        # a terminal's Ctrl-C reaches both: being told twice does `up` no harm
        process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    return process.wait()


MOST = 20
"""Rows of what needs a person on one screen."""


def add_to(app: typer.Typer) -> None:
    """Put these commands on the top level."""
    app.command()(init)
    app.command()(status)
    app.command()(drill)


def init(
    name: Annotated[str, typer.Option(help="The broker's name.")] = "The broker",
    filer: Annotated[str, typer.Option(help="Filer code, three characters.")] = "",
    sample: Annotated[bool, typer.Option("--sample", help="The made-up brokerage.")] = False,
    from_kit: Annotated[
        Path | None, typer.Option("--from-kit", help="Go on from a kit, open or sealed, or from a journal copy.")
    ] = None,
    signed_by: Annotated[str, typer.Option("--signed-by", help="Id of the key that signed the kit, as printed.")] = "",
    key: Annotated[Path | None, typer.Option("--key", help="A recipient's key file, for a sealed kit.")] = None,
    wheel: Annotated[
        Path | None, typer.Option(help="This program's wheel, kept for kits; else the installed one.")
    ] = None,
) -> None:
    """Make a home folder: settings, host keys, journal. With a kit, go on with its book."""
    if sample:
        from tasks.drill.api import make_sample_home

        brokerage = make_sample_home(invocation.home, invocation.given_actor or "sample")
        print_text(f"The sample brokerage stands in {invocation.home}. Its desks' workbooks: {brokerage.inbox}")
        return
    if from_kit and not _is_bare_copy(from_kit):
        _from_kit(from_kit, key, signed_by)
        return
    if not filer and not from_kit:
        raise typer.BadParameter("CBP's three characters", param_hint="--filer")
    from tasks.kit.api import keep_wheel
    from tasks.opening import continue_home, make_home

    text = _settings(name, filer.upper())
    if from_kit:
        from tasks.core.journal.copies import copy_signer

        settings, head = continue_home(invocation.home, text, from_kit, invocation.actor, signed_by)
        print_text(f"{settings.home} goes on from event {head.seq}. Only this book issues numbers now.")
        print_text(f"Signed with the key {copy_signer(from_kit)}: {_compared(signed_by)}.")
        return
    settings = make_home(invocation.home, text, invocation.actor)
    print_text(f"Home folder made: {settings.home}")
    if wheel_path := keep_wheel(settings.home, wheel):
        print_text(f"{wheel_path}: kept for off-line kits")
    print_text(
        "Next: fill in continuity.toml, [broker] first (no downtime letter goes out without it), then "
        "continuity people add, numbers reserve, numbers issue."
    )


def _settings(name: str, filer: str) -> str:
    """What ships as `data/home/continuity.toml`, every setting explained, with whose home it is."""
    text = files("continuity_data").joinpath("home", "continuity.toml").read_text(encoding="utf-8")
    text = text.replace('"XXX"', f'"{filer or "XXX"}"', 1)
    return text.replace('"The broker"', json.dumps(name, ensure_ascii=False), 1)


def _is_bare_copy(folder: Path) -> bool:
    """Whether this is a journal copy by itself. A folder with a kit's manifest is a kit whatever else
    lies in it: a `journal.jsonl` laid beside the manifest must not keep the kit from being checked."""
    from tasks.core.journal.copies import EVENTS_FILE
    from tasks.security.api import MANIFEST_FILE

    return (folder / EVENTS_FILE).is_file() and not (folder / MANIFEST_FILE).exists()


def _compared(signed_by: str) -> str:
    return "as you said" if signed_by else "compare it with the first page of the print"


def _from_kit(kit: Path, key: Path | None, signed_by: str) -> None:
    from tasks.cli.kit import open_kit
    from tasks.core.clock import parse
    from tasks.core.status_lines import ago
    from tasks.kit.api import begin_home
    from tasks.security.api import SealOpener

    by = open_kit(kit, key) if kit.is_file() else SealOpener()
    begun = begin_home(invocation.home, kit, invocation.actor, by, signed_by)
    print_text(f"{begun.settings.home} goes on from event {begun.facts.head_seq} of the kit {begun.facts.name}.")
    print_text(f"Signed with the key {begun.signer}: {_compared(signed_by)}.")
    print_text(
        f"The kit was built {ago(parse(begun.facts.made))}: numbers that the old book issued or used after "
        "that are not known here. This book issues from the far end of the reserve."
    )
    print_text("Only this book issues numbers now. Enrol again whoever approves: continuity people enrol ID")


def status(as_json: Json = False) -> None:
    """Are we ready: CBP's ten recommendations, and what needs a person, newest first. Exit 1 if
    something is red."""
    from tasks.core import status_lines
    from tasks.core.status_lines import lines_that_need_a_person, page_as_dict, recommendations
    from tasks.duties.api import fold_lines
    from tasks.status.api import status_lines as lines

    page_lines = lines(invocation.workspace)
    page, needs = recommendations(page_lines), fold_lines(lines_that_need_a_person(page_lines))
    if as_json:
        print(json.dumps(page_as_dict(page_lines), indent=1, ensure_ascii=False))
    else:
        print_table(
            [{"": line.id, "recommendation": line.title, "light": line.light, "because": line.fact} for line in page],
            as_json=False,
            title="Are we ready",
        )
        print_table(
            [
                {
                    "since": line.since[:10],
                    "what": line.label,
                    "light": line.light,
                    "fact": line.fact,
                    "next": line.next,
                }
                for line in needs[:MOST]
            ],
            as_json=False,
            title="What needs a person, newest first",
        )
        print_text("[W] weak source, [G] general knowledge or our default: verify the rule before relying on it")
        if len(needs) > MOST:
            print_text(f"and {len(needs) - MOST} more: continuity duties list, or status --json")
    raise typer.Exit(1 if any(line.light == status_lines.RED for line in page_lines) else 0)


def drill(
    out: Annotated[Path | None, typer.Option("--out", help="Where to leave what it makes.")] = None,
    here: Annotated[bool, typer.Option("--here", help="On the Prefect server that the environment names.")] = False,
) -> None:
    """The whole exercise, through Prefect, on the sample brokerage. Sends nothing outside. With
    `--home NEW` that brokerage stays there afterwards."""
    from importlib.util import find_spec

    from tasks.drill.api import run_drill

    if find_spec("prefect") is None:
        raise MissingPart("drill-needs-prefect")
    raise typer.Exit(run_drill(out, home=invocation.given_home, here=here))
