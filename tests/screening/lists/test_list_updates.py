"""The downloader against a server on this machine: ETag, retries, checksums, broken bodies."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput, NotFetched
from tasks.screening.lists import list_versions
from tasks.screening.lists.list_loading import ListIntake
from tasks.screening.lists.list_updates import download_lists, fetch_list, refused_problems
from tasks.screening.lists.list_versions import list_states
from tasks.screening.settings import ScreeningSettings
from tasks.workspace import Workspace
from tests.errors import refused
from tests.screening.screening_world import World


@dataclass
class Site:
    """What the server answers: a body a path, and faults to make before."""

    address: str = ""
    bodies: dict[str, bytes] = field(default_factory=dict)
    faults: list[int | str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site = self.site
        etag = f'"{sha256(site.bodies.get(self.path, b"")).hexdigest()[:8]}"'
        site.asked.append((self.path, self.headers.get("If-None-Match", "")))
        fault = site.faults.pop(0) if site.faults else 200
        if isinstance(fault, int) and fault != 200:
            self.send_response(fault)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path not in site.bodies:
            self.send_error(404)
        elif self.headers.get("If-None-Match") == etag:
            self.send_response(304)
            self.end_headers()
        else:
            self._send(site.bodies[self.path], etag, broken=fault == "broken")

    def _send(self, body: bytes, etag: str, broken: bool) -> None:
        self.send_response(200)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", "Mon, 08 Jan 2024 15:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.site.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if broken else body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    handler = type("Bound", (Handler,), {"site": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


def settings(site: Site, *names: str, **more: object) -> ScreeningSettings:
    addresses = {"ofac-sdn": tuple(f"{site.address}/{name}" for name in names)}
    plain = {"allow_plain_http": True, "wait_seconds": 0.001, "tries": 3}
    return ScreeningSettings.model_validate({"addresses": addresses, **plain, **more})


def test_a_list_is_fetched_and_asked_for_again_by_its_etag(site: Site, tmp_path: Path) -> None:
    site.bodies = {"/SDN.csv": b"one", "/alt.csv": b"two"}
    given = settings(site, "SDN.csv", "alt.csv")
    first = fetch_list(given, "ofac-sdn", tmp_path)
    assert first.changed and first.as_of == "2024-01-08"
    assert (first.folder / "sdn.csv").read_bytes() == b"one"
    again = fetch_list(given, "ofac-sdn", tmp_path)
    assert not again.changed and again.as_of > "2024-01-08"
    assert [etag != "" for _, etag in site.asked] == [False, False, True, True]
    (first.folder / "sdn.csv").write_bytes(b"altered here")
    assert fetch_list(given, "ofac-sdn", tmp_path).changed
    assert (first.folder / "sdn.csv").read_bytes() == b"one"


@pytest.mark.parametrize("faults", [[503], [503, 500], ["broken"], ["broken", 502]])
def test_what_passes_is_tried_again(site: Site, tmp_path: Path, faults: list) -> None:
    site.bodies, site.faults = {"/sdn.csv": b"x" * 5000}, faults
    assert fetch_list(settings(site, "sdn.csv"), "ofac-sdn", tmp_path).changed
    assert (tmp_path / "ofac-sdn" / "sdn.csv").stat().st_size == 5000


@pytest.mark.parametrize("faults", [[503] * 9, ["broken"] * 9, [404], [403]])
def test_what_stays_broken_leaves_everything_as_it_was(site: Site, tmp_path: Path, faults: list) -> None:
    site.bodies = {"/sdn.csv": b"one", "/alt.csv": b"two"}
    given = settings(site, "sdn.csv", "alt.csv")
    fetch_list(given, "ofac-sdn", tmp_path)
    site.bodies = {"/sdn.csv": b"three", "/alt.csv": b"four"}
    site.faults = [200, *faults]
    with pytest.raises(NotFetched) as caught:
        fetch_list(given, "ofac-sdn", tmp_path)
    assert caught.value.values["url"] == f"{site.address}/alt.csv"
    assert (tmp_path / "ofac-sdn" / "sdn.csv").read_bytes() == b"one"


def test_checksums_are_held_against(site: Site, tmp_path: Path) -> None:
    body = b"the list"
    digest = sha256(body)
    site.bodies = {"/sdn.csv": body, "/sums.txt": f"{digest.hexdigest()}  sdn.csv\n".encode()}
    sums = {f"{site.address}/sdn.csv": f"{site.address}/sums.txt"}
    given = settings(site, "sdn.csv", checksums=sums)
    site.headers = {"Repr-Digest": f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"}
    assert fetch_list(given, "ofac-sdn", tmp_path / "good").changed
    site.bodies["/sums.txt"] = b"0" * 64
    with refused("list-checksum-mismatch", NotFetched):
        fetch_list(given, "ofac-sdn", tmp_path / "bad")
    site.headers = {"Repr-Digest": f"sha-256=:{base64.b64encode(b'0' * 32).decode()}:"}
    with refused("list-digest-mismatch", NotFetched):
        fetch_list(settings(site, "sdn.csv"), "ofac-sdn", tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def test_only_https_unless_set(site: Site, tmp_path: Path) -> None:
    with refused("list-address-invalid", BadInput) as caught:
        fetch_list(settings(site, "sdn.csv", allow_plain_http=False), "ofac-sdn", tmp_path)
    assert caught.problems[0].value == f"{site.address}/sdn.csv"
    with refused("list-address-not-set", BadInput):
        fetch_list(ScreeningSettings(addresses={}), "ofac-sdn", tmp_path)
    with refused("list-address-invalid", BadInput):
        fetch_list(settings(site, "../"), "ofac-sdn", tmp_path)


def served(site: Site, folder: Path) -> None:
    site.bodies |= {f"/{path.name}": path.read_bytes() for path in folder.glob("*.csv")}


def house_with(world: World, site: Site) -> Workspace:
    given = settings(site, "sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")
    addresses = given.addresses | {"uflpa": (f"{site.address}/uflpa_list.csv",)}
    screening = given.model_copy(update={"addresses": addresses})
    changed = world.house.settings.model_copy(update={"screening": screening})
    return Workspace(changed, journal=world.house.journal)


def test_downloads_are_loaded_and_what_fails_keeps_its_version(world: World, site: Site, lists: Path) -> None:
    served(site, lists / "ofac_2024-01-08")
    house = house_with(world, site)
    intake = ListIntake("ada")
    uflpa = list_versions.in_force(house.journal)["uflpa"]
    done = download_lists(house, intake)
    assert [(one.list, one.state) for one in done.loaded] == [("ofac-sdn", "unchanged")]
    ((missed, error),) = done.missed
    assert (missed, error.code) == ("uflpa", "list-server-answer-unusable")
    assert error.values["status"] == 404
    assert list_versions.in_force(house.journal)["uflpa"] == uflpa
    download_lists(house, intake)
    assert list_versions.in_force(house.journal)["ofac-sdn"].age(clock.now().date()) == 0
    states = {row["list"]: row["state"] for row in list_states(house.journal)}
    assert states["ofac-sdn"] == "green"


def test_why_it_could_not_be_fetched_is_told_in_a_few_words(site: Site, tmp_path: Path) -> None:
    port = site.address.rpartition(":")[2]
    given = settings(site, "sdn.csv")
    nowhere = given.model_copy(update={
        "tries": 1, "addresses": {"ofac-sdn": (site.address.replace(port, "1") + "/sdn.csv",)}})  # fmt: skip
    with refused("list-download-failed", NotFetched) as caught:
        fetch_list(nowhere, "ofac-sdn", tmp_path)
    assert caught.values["url"].endswith("/sdn.csv")
    # the library's own words, without the names of its pools and retries
    cause = caught.values["why"]
    assert cause.startswith("Failed to establish a new connection")
    assert "Pool" not in cause and "retries" not in cause


def test_a_download_that_is_cut_off_is_refused(world: World, site: Site, lists: Path) -> None:
    served(site, lists / "ofac_2024-01-08")
    site.bodies["/sdn.csv"] = site.bodies["/sdn.csv"][:20_000]
    house = house_with(world, site)
    before = list_versions.in_force(house.journal)["ofac-sdn"]
    done = download_lists(house, ListIntake("ada"))
    assert done.loaded[0].state == "refused" and refused_problems(done.loaded)
    assert list_versions.in_force(house.journal)["ofac-sdn"] == before
    download_lists(house, ListIntake("ada"))
    assert [etag for path, etag in site.asked if path == "/sdn.csv"] == ["", ""]
