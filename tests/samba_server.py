"""A private Samba server for tests: own folders, high port, one plain share and one write-once."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tasks.transport.smb.connection import SmbPlace
from tasks.transport.smb.store import SmbStore

USER, PASSWORD, GRACE = "brokerbak", "only-for-tests", 1
_CONF = """[global]
  server role = standalone server
  workgroup = TEST
  netbios name = BAKTEST
  disable netbios = yes
  smb ports = {port}
  bind interfaces only = yes
  interfaces = 127.0.0.1
  private dir = {top}/private
  state directory = {top}/state
  cache directory = {top}/cache
  lock directory = {top}/lock
  pid directory = {top}/pid
  ncalrpc dir = {top}/ncalrpc
  log file = {top}/log/smbd.log
  passdb backend = tdbsam:{top}/private/passdb.tdb
  username map = {top}/users.map
  map to guest = never
  restrict anonymous = 2
  server min protocol = SMB3_11
  server signing = mandatory
  load printers = no
  printcap name = /dev/null
  disable spoolss = yes
[plain]
  path = {top}/plain
  read only = no
  valid users = nobody
  server smb encrypt = required
[worm]
  path = {top}/worm
  read only = no
  valid users = nobody
  server smb encrypt = required
  vfs objects = worm
  worm:grace_period = {grace}
[readonly]
  path = {top}/plain
  read only = yes
  valid users = nobody
  server smb encrypt = required
[small]
  path = {top}/small
  read only = no
  valid users = nobody
  server smb encrypt = required
"""


def missing_parts() -> list[str]:
    return [name for name in ("smbd", "smbpasswd") if not shutil.which(name, path=_search())]


def _search() -> str:
    return os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class Samba:
    """Started by `start`, ended by `stop`. Needs root; adds no account to the machine."""

    def __init__(self, top: Path, grace: int = GRACE) -> None:
        self.top, self.grace, self.port = top, grace, 0
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("private", "state", "cache", "lock", "pid", "ncalrpc", "log"):
            (top / name).mkdir()
        for name in ("plain", "worm", "small"):
            (top / name).mkdir()
            shutil.chown(top / name, "nobody")
        (top / "users.map").write_text(f"nobody = {USER}\n")
        for folder in (top, *top.parents):  # smbd's user must be able to walk down
            if folder.stat().st_uid == os.getuid() and str(folder).startswith("/tmp/"):
                folder.chmod(folder.stat().st_mode | 0o055)

    def start(self) -> None:
        for _ in range(5):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
            text = _CONF.format(top=self.top, port=self.port, grace=self.grace)
            (self.top / "smb.conf").write_text(text)
            if not (self.top / "private" / "passdb.tdb").exists():
                self._add_user()
            self.launch()
            if self._answers():
                return
            self.stop()
        raise RuntimeError("smbd did not start: " + (self.top / "log" / "smbd.log").read_text()[-800:])

    def _add_user(self) -> None:
        conf, twice = self.top / "smb.conf", f"{PASSWORD}\n{PASSWORD}\n".encode()
        program = shutil.which("smbpasswd", path=_search())
        command = [program, "-c", str(conf), "-L", "-s", "-a", "nobody"]
        subprocess.run(command, input=twice, check=True, capture_output=True)

    def launch(self) -> None:
        """Start smbd on the port that it has; in a session of its own, since it signals its group."""
        program = shutil.which("smbd", path=_search())
        self._process = subprocess.Popen(
            [program, "--foreground", "--no-process-group", f"--configfile={self.top / 'smb.conf'}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _answers(self) -> bool:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return True
            if self._process is None or self._process.poll() is not None:
                return False
            time.sleep(0.05)
        return False

    def restart(self) -> None:
        self.kill()
        self.launch()
        self._answers()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL for smbd and all its children."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        self.thaw()
        self.kill()
        self._process = None

    def place(self, share: str, folder: str = "", timeout: float = 20.0) -> SmbPlace:
        return SmbPlace("127.0.0.1", share, USER, PASSWORD, folder, self.port, timeout, "ntlm")

    def store(self, share: str, folder: str = "", timeout: float = 20.0) -> SmbStore:
        return SmbStore(self.place(share, folder, timeout))
