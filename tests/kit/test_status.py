from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.errors import BadInput
from tasks.core.settings import BrokerSettings
from tasks.core.status_lines import AMBER, GREEN, RED
from tasks.entries.numbers.number_reserve import issue_block
from tasks.kit import builder as building, part_list, status as checking
from tasks.kit.builder import KitBuild
from tasks.kit.part_model import Fault, KitPart, Provider
from tasks.kit.program_wheel import program_version
from tasks.kit.status import check_kit, program_lines
from tasks.workspace import Workspace
from tests.errors import refused
from tests.kit.conftest import World, made


def lights(office: Workspace, folder: Path | None = None) -> dict[str, str]:
    """The worst light of each part by its name, and of everything else by its code."""
    found: dict[str, str] = {}
    for line in check_kit(office, folder):
        name = line.subject or line.code
        found[name] = max(line.light, found.get(name, GREEN), key=(GREEN, AMBER, RED).index)
    return found


def test_a_fresh_kit_lacks_only_what_a_person_must_give(world: World) -> None:
    found = lights(world.office, world.kit.folder)
    assert {what for what, light in found.items() if light != GREEN} == {
        "recovery", "kit-programs", "agencies", "contacts",
    }  # fmt: skip
    assert found["recovery"] == found["agencies"] == found["contacts"] == AMBER and found["kit-programs"] == RED
    told = {line.subject: line.next for line in check_kit(world.office, world.kit.folder)}
    assert told["contacts"].startswith("continuity incident contacts --verify")
    assert (
        told["agencies"]
        == "continuity incident pga load flags FILE --as-of DAY --source WORDS; then continuity kit build"
    )


def test_age_turns_amber_then_red(world: World) -> None:
    made_at = clock.parse(world.kit.facts.made)
    for days, light in ((30, GREEN), (32, AMBER), (63, RED)):
        with clock.held(made_at + timedelta(days=days)):
            assert lights(world.office, world.kit.folder)["kit-age"] == light


def test_numbers_issued_since_make_it_red(office: Workspace, tmp_path: Path) -> None:
    folder = made(office, tmp_path / "kits").folder
    assert lights(office, folder)["kit-numbers"] == lights(office, folder)["workbooks"] == GREEN
    issue_block(office.journal, office.settings, "entry", 1, "truck", "2704", "it")
    found = lights(office, folder)
    assert found["kit-numbers"] == found["workbooks"] == RED and found["settings"] == GREEN
    watched = {line.code: line.light for line in checking.watch(office)}
    assert watched["kit-numbers"] == RED


def test_settings_and_history_that_changed_are_amber(office: Workspace, tmp_path: Path) -> None:
    from tasks.entries.record.trade_history import load_history

    folder = made(office, tmp_path / "kits").folder
    row = {"importer": "New", "hts_number": "8481805090", "country_of_origin": "VN"}
    load_history(office.journal, office.content, "it", ("b.csv", [row], clock.now().date()))
    broker = office.settings(BrokerSettings).model_copy(update={"contact_phone": "1"})
    changed = office.with_settings(office.settings.model_copy(update={"broker": broker}))
    found = lights(changed, folder)
    assert found["history"] == found["settings"] == found["clients"] == AMBER
    assert found["run-book"] == found["kit-numbers"] == GREEN


def test_a_room_says_what_is_wrong_with_its_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a part that is younger than the kit."""
    faults = lambda _: [Fault("kit-form-not-printable", RED, file="a", reason="b")]  # noqa: E731
    letters = Provider("letterheads", lambda _: KitPart(""), lambda _: "a", "changed", faults)
    monkeypatch.setattr(checking, "providers", lambda: (*part_list.providers(), letters))
    found = [line for line in check_kit(world.office, world.kit.folder) if line.subject == "letterheads"]
    assert [(line.code, line.light) for line in found] == [
        ("kit-part-missing", AMBER), ("kit-part-fault", RED),
    ]  # fmt: skip
    assert found[1].values["fault"] == "kit-form-not-printable"


def test_damage_is_red_and_named(world: World, kit: KitBuild) -> None:
    (kit.folder / "workbooks" / "ocean.xlsx").write_bytes(b"x")
    line = next(one for one in check_kit(world.office, kit.folder) if one.code == "kit-files")
    assert line.light == RED and line.values["files"] == ["workbooks/ocean.xlsx"]


def test_another_books_kit_is_told(office: Workspace, world: World) -> None:
    lines = {line.code: line for line in check_kit(office, world.kit.folder)}
    assert lines["kit-of-other-journal"].light == RED and "kit-numbers" not in lines


def test_programs_and_python(world: World) -> None:
    whole = {"program": program_version(), "wheel": "w.whl", "platforms": ["win_amd64, Python 3.13"]}
    facts = world.kit.facts

    def said(**more: object) -> dict[str, str]:
        import msgspec

        return {line.code: line.light
                for line in program_lines(msgspec.structs.replace(facts, **whole | more))}  # fmt: skip

    assert said() == {"kit-programs": GREEN, "kit-python": AMBER}
    assert said(python="python-3.13.9-amd64.exe") == {"kit-programs": GREEN}
    assert said(program="0.0.1")["kit-programs"] == AMBER


def test_without_a_folder_the_newest_here_then_the_book(office: Workspace, tmp_path: Path) -> None:
    assert [(line.code, line.light) for line in check_kit(office)] == [("kit-never-built", RED)]
    assert checking.watch(office) == []
    made(office, tmp_path / "elsewhere")
    assert lights(office)["kit-files"] == AMBER and lights(office)["kit-sealed"] == GREEN
    name = made(office, None, to=building.NOBODY).facts.name
    found = check_kit(office)
    assert name in [line.values.get("kit") for line in found if line.code == "kit-age"]
    assert lights(office)["kit-files"] == GREEN and lights(office)["kit-sealed"] == AMBER


def test_what_is_no_kit_is_named(office: Workspace, tmp_path: Path) -> None:
    with refused("kit-facts-missing", BadInput):
        check_kit(office, tmp_path)
    (tmp_path / "kit.json").write_text("{}")
    with refused("kit-version-unsupported", BadInput):
        check_kit(office, tmp_path)


def test_contacts_that_are_dead_or_changed_are_named(office: Workspace, tmp_path: Path) -> None:
    from tasks.incident.notices import contact_list
    from tasks.incident.notices.contact_list import CONTACTS_FILE

    head = "id,role,name,organisation,phone,mail\n"
    own = office.settings.home / CONTACTS_FILE
    own.write_text(f"{head}port-2704,port,Duty officer,CBP,562-555-0100,\n")
    folder = made(office, tmp_path / "kits").folder
    room = office
    contact_list.check(room, "port-2704", "it", works=False, how="rang out")
    lines = [line for line in check_kit(office, folder) if line.subject == "contacts"]
    dead = [line for line in lines if line.values.get("fault") == "kit-contacts-unreachable"]
    assert "port-2704" in str(dead[0].values["contacts"])
    assert "kit-part-stale" not in [line.code for line in lines], "trying one changes no kit"
    own.write_text(f"{head}port-2704,port,Duty officer,CBP,562-555-0199,\n")
    lines = [line for line in check_kit(office, folder) if line.subject == "contacts"]
    assert "kit-part-stale" in [line.code for line in lines]
