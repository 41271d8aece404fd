"""Our backup engine, restic and borg side by side on the same data, in one run.

    python -m tests.benchmarks.backup [--folder DIR] [--megabytes 1800] [--runs 3] [--smb] [--alone]

Makes its own data (fixed seed) in a new folder and removes that folder at the end, unless it was
named: in memory (/dev/shm) where 12 GB are free, so that the tools are measured and not the disk.
Every figure is a whole process from start to end, ours and theirs; our modules are compiled before,
as an installation leaves them. The tools take turns within each round; the table shows medians with
least and most, and the ratio of restic's median to ours.
With --alone restic and borg are left out, and our own figures stand alone.
With --smb also over a private Samba on loopback: what the store alone carries, and the engine.
"""

from __future__ import annotations

import argparse
import compileall
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.backup_data import change, make_data


@dataclass
class Tool:
    """One contestant: a command for each phase, given the round's folder and the data."""

    name: str
    commands: Callable[[str, Path, Path, Path], list[str]]
    environment: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    memory: int = 0
    size: list[int] = field(default_factory=list)

    def measure(self, phase: str, place: Path, data: Path, target: Path, keep: bool = True) -> None:
        command = self.commands(phase, place, data, target)
        environment = {**os.environ, **self.environment, "HOME": str(place)}
        environment = {k: v.replace("@", str(place)) for k, v in environment.items()}
        target.mkdir(parents=True, exist_ok=True)
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=target if self.name == "borg" and phase == "restore" else None,
        )
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = process.stderr.read().decode()[-800:] if process.stderr else ""
            raise SystemExit(f"{self.name} {phase} ended with {process.returncode}: {said}")
        if process.stderr:
            process.stderr.close()
        if keep:
            self.seconds.setdefault(phase, []).append(took)
            self.cpu.setdefault(phase, []).append(usage.ru_utime + usage.ru_stime)
            self.memory = max(self.memory, usage.ru_maxrss)


PHASES = ("first", "unchanged", "changed", "restore", "verify")


def ours(phase: str, place: Path, data: Path, target: Path) -> list[str]:
    what = {"make": "make", "restore": "restore", "verify": "verify", "content": "content"}
    command = [sys.executable, "-m", "tests.benchmarks.backup_engine", what.get(phase, "run")]
    return [*command, str(place / "ours"), str(data), str(target)]


def restic(phase: str, place: Path, data: Path, target: Path) -> list[str]:
    commands = {
        "make": ["init"],
        "restore": ["restore", "latest", "--target", str(target)],
        "verify": ["check", "--read-data"],
    }
    return ["restic", "-q", *commands.get(phase, ["backup", str(data)])]


def borg(phase: str, place: Path, data: Path, target: Path) -> list[str]:
    where = str(place / "borg")
    commands = {
        "make": ["init", "-e", "repokey-blake2", where],
        "restore": ["extract", f"{where}::changed"],
        "verify": ["check", "--verify-data", where],
    }
    create = ["create", "--compression", "zstd,1", f"{where}::{phase}", str(data)]
    return ["borg", *commands.get(phase, create)]


def tools(alone: bool = False) -> list[Tool]:
    quiet = {"RESTIC_PASSWORD": "x", "RESTIC_REPOSITORY": "@/restic", "RESTIC_CACHE_DIR": "@/rcache"}
    passphrase = {"BORG_PASSPHRASE": "x", "BORG_BASE_DIR": "@/borgbase"}
    all_of_them = [Tool("ours", ours), Tool("restic", restic, quiet), Tool("borg", borg, passphrase)]
    if alone:
        return all_of_them[:1]
    require("restic", "borg")
    return all_of_them


def require(*programs: str) -> None:
    """Raises SystemExit for a peer that is not installed."""
    if missing := [one for one in programs if not shutil.which(one)]:
        raise SystemExit(f"Not installed: {', '.join(missing)}. Install them, or leave them out: --alone")


def a_round(number: int, folder: Path, contestants: list[Tool]) -> None:
    place, data = folder / f"round{number}", folder / "data"
    place.mkdir()
    order = contestants if number % 2 else contestants[::-1]
    for tool in order:
        tool.measure("make", place, data, place / "x", keep=False)
    for phase in PHASES:
        if phase == "changed":
            change(folder, number)
        for tool in order:
            os.sync()
            target = place / f"restored-{tool.name}"
            tool.measure(phase, place, data, target)
            if phase == "restore" and tool.name != "ours":
                shutil.rmtree(target)  # ours is compared with the data below
            if phase == "verify" and tool.name == "ours":
                tool.measure("content", place, data, target)
        print(f"  round {number}: {phase} done", file=sys.stderr)
    for tool in order:
        root = place / {"ours": "ours/store"}.get(tool.name, tool.name)
        tool.size.append(sum(p.stat().st_size for p in root.rglob("*") if p.is_file()))
    _compare(place / "restored-ours" / "data", data)
    shutil.rmtree(place)


def _compare(restored: Path, data: Path) -> None:
    done = subprocess.run(["diff", "-rq", data, restored], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("what we restored differs: " + done.stdout[:500])


def print_table(contestants: list[Tool], size: int) -> None:
    by_name = {tool.name: tool for tool in contestants}
    mine = by_name["ours"]
    print(f"{'':10} {'ours':>26} " + " ".join(f"{t.name:>26} {'ratio':>6}" for t in contestants[1:]))
    for phase in (*PHASES, "content"):
        row = [f"{phase:10}", _cell(mine.seconds[phase], size)]
        for tool in contestants[1:]:
            theirs = tool.seconds.get("verify" if phase == "content" else phase, [])
            ratio = statistics.median(theirs) / statistics.median(mine.seconds[phase])
            row += [_cell(theirs, size), f"{ratio:6.2f}"]
        print(" ".join(row))
    print("CPU seconds (user and system), medians:")
    for phase in (*PHASES, "content"):
        spent = [(t.name, t.cpu.get(phase)) for t in contestants]
        print(f"{phase:10} " + "  ".join(f"{n} {statistics.median(c):.2f}" for n, c in spent if c))
    row = [f"{'size MB':10}", f"{statistics.median(mine.size) / 1e6:26.1f}"]
    for tool in contestants[1:]:
        share = statistics.median(mine.size) / statistics.median(tool.size)
        row += [f"{statistics.median(tool.size) / 1e6:26.1f}", f"{share:6.3f}"]
    print(" ".join(row))
    print("peak MiB   " + " ".join(f"{t.name} {t.memory / 1024:.0f}" for t in contestants))


def _cell(seconds: list[float], size: int) -> str:
    middle = statistics.median(seconds)
    text_ = f"{middle:.2f} s ({min(seconds):.2f}-{max(seconds):.2f}) {size / middle / 1e6:.0f} MB/s"
    return f"{text_:>26}"


def over_smb(folder: Path, rounds: int, size: int, alone: bool) -> None:
    """The store alone, then the engine, then restic through rclone's SMB client, over a private
    Samba on loopback."""
    from tests.samba_server import Samba

    top = Path(tempfile.mkdtemp(prefix="continuity-bench-", dir=_memory() or "/tmp"))
    top.chmod(0o755)  # its user must be able to walk down
    samba = Samba(top)
    samba.start()
    try:
        for number in range(rounds):
            address, keeping = f"smb:{samba.port}/r{number}", folder / f"smb{number}"
            base = [sys.executable, "-m", "tests.benchmarks.backup_engine"]
            tail = [address, str(folder / "data"), str(keeping)]
            subprocess.run([*base, "make", *tail], check=True)
            carries = _store_alone(samba.store("plain", f"alone{number}"))
            os.sync()
            began = time.perf_counter()
            subprocess.run([*base, "run", *tail], check=True)
            took = time.perf_counter() - began
            packs = top / "plain" / f"r{number}" / "packs"
            carried = sum(p.stat().st_size for p in packs.iterdir())
            began = time.perf_counter()
            subprocess.run([*base, "run", *tail], check=True)
            again = time.perf_counter() - began
            print(
                f"SMB: the store alone carries {carries / 1e6:.0f} MB/s; the engine {took:.2f} s: "
                f"{size / took / 1e6:.0f} MB/s of data, {carried / took / 1e6:.0f} MB/s carried "
                f"({carried / took / carries:.0%} of the store alone); unchanged {again:.2f} s"
            )
            if not alone:
                theirs = _restic_over_smb(samba.port, folder, number)
                print(f"SMB: restic through rclone {theirs:.2f} s: {theirs / took:.2f} times ours")
            for name in ("plain/r", "plain/alone", "plain/restic"):
                shutil.rmtree(top / f"{name}{number}", ignore_errors=True)
    finally:
        samba.stop()
        shutil.rmtree(top, ignore_errors=True)


def _restic_over_smb(port: int, folder: Path, number: int) -> float:
    """Seconds of restic's first backup to the same share, through `rclone serve restic`."""
    from tests.samba_server import PASSWORD, USER

    hidden = subprocess.run(["rclone", "obscure", PASSWORD], capture_output=True, text=True)
    remote = {"TYPE": "smb", "HOST": "127.0.0.1", "PORT": str(port), "USER": USER}
    remote["PASS"] = hidden.stdout.strip()
    environment = {
        **os.environ,
        **{f"RCLONE_CONFIG_SHARE_{name}": value for name, value in remote.items()},
        "RESTIC_PASSWORD": "x",
        "RESTIC_REPOSITORY": f"rclone:share:plain/restic{number}",
        "RESTIC_CACHE_DIR": str(folder / f"rcache{number}"),
        "HOME": str(folder),
    }
    subprocess.run(["restic", "-q", "init"], env=environment, check=True, stdout=subprocess.DEVNULL)
    os.sync()
    began = time.perf_counter()
    subprocess.run(["restic", "-q", "backup", str(folder / "data")], env=environment, check=True)
    return time.perf_counter() - began


def _store_alone(store) -> float:
    """Bytes a second of 32 packs written by two threads, as the engine does."""
    from concurrent.futures import ThreadPoolExecutor

    from tasks.backup.runtime_tuning import keep_memory

    keep_memory()
    pack = os.urandom(32 << 20)
    store.make_folder("packs")
    began = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda n: store.create(f"packs/{n}", [memoryview(pack)]), range(32)))
    took = time.perf_counter() - began
    store.close()
    return 32 * len(pack) / took


def _memory() -> str | None:
    """A folder in memory, if there is one with room for the data, three repositories, three restores."""
    place = Path("/dev/shm")
    roomy = place.is_dir() and shutil.disk_usage(place).free > 12e9
    return str(place) if roomy else None


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--megabytes", type=int, default=1800)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--smb", action="store_true")
    parser.add_argument("--alone", action="store_true", help="leave restic and borg out")
    args = parser.parse_args(arguments)
    contestants = tools(args.alone)
    if args.smb and not args.alone:
        require("rclone")
    for code in ("tasks", "tests/benchmarks"):
        compileall.compile_dir(code, quiet=1)
    folder = args.folder or Path(tempfile.mkdtemp(prefix="continuity-bench-", dir=_memory()))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if not (folder / "data").exists():
            # in a process of its own: a child's peak memory begins at that of its parent
            maker = multiprocessing.get_context("spawn").Process(target=make_data, args=(folder, args.megabytes))
            maker.start()
            maker.join()
        size = sum(p.stat().st_size for p in (folder / "data").rglob("*") if p.is_file())
        count = sum(1 for p in (folder / "data").rglob("*") if p.is_file())
        print(f"{size / 1e6:.0f} MB in {count} files, {os.cpu_count()} cores, {args.runs} rounds")
        for number in range(args.runs):
            a_round(number, folder, contestants)
        if contestants and args.runs:
            print_table(contestants, size)
            results = {t.name: {**t.seconds, "cpu": t.cpu, "size": t.size, "rss": t.memory} for t in contestants}
            (folder / "results.json").write_text(json.dumps(results, indent=1))
        if args.smb:
            over_smb(folder, max(1, args.runs), size, args.alone)
    finally:
        if args.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
