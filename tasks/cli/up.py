"""`continuity up`: starts the server and all that runs by itself, in processes of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Annotated

import typer

from tasks.cli.context import invocation
from tasks.core.errors import MissingPart


def add_to(app: typer.Typer) -> None:
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
