from __future__ import annotations

import json


def test_an_incident_by_the_command_line(continuity) -> None:
    assert continuity("incident", "status")[:2] == (0, "No incident was ever declared.\n")
    code, out, _ = continuity("incident", "declare", "--note", "files are encrypted", by="ada")
    assert code == 0 and ": declared" in out
    code, out, _ = continuity("incident", "declare", by="bo")
    assert code == 0 and "nothing was written" in out
    assert continuity("incident", "step", "disconnected", "--note", "by CBP")[0] == 0
    code, _, err = continuity("incident", "step", "reconnected", "--reference", "x")
    assert code == 1 and "Possible now: downtime_requested" in err
    (said,) = json.loads(continuity("incident", "status", "--json")[1])
    assert said["state"] == "disconnected" and len(said["discovered"]) == 1
    assert [one["by"] for one in said["steps"]] == ["ada", "it"]
