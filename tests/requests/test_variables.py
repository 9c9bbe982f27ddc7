"""scopes, variables, setVariable: values of a paused program as a client sees and changes them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.debugger.stacks import in_one_system_call
from tests.support.session import attach, detach, pause, resume
from tests.support.steps import refusal
from tests.support.target import Target

Variables = dict[str, dict[str, Any]]


@pytest.fixture
def target(program: Program) -> Target:
    target = program("values.c", flags=("-O0",))
    target.wait_line("ready")
    return target


@pytest.fixture
def client(target: Target, connect: Connect) -> DapClient:
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    return client


def frames(client: DapClient, tid: int) -> dict[str, dict[str, Any]]:
    """The frames of a thread by function, the innermost of each."""
    found: dict[str, dict[str, Any]] = {}
    for frame in client.request("stackTrace", threadId=tid)["stackFrames"]:
        found.setdefault(frame["name"], frame)
    return found


def scopes(client: DapClient, frame: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {scope["name"]: scope for scope in client.request("scopes", frameId=frame["id"])["scopes"]}


def variables(client: DapClient, reference: int, **more: Any) -> Variables:
    body = client.request("variables", variablesReference=reference, **more)
    return {variable["name"]: variable for variable in body["variables"]}


def local_reference(client: DapClient, target: Target, function: str = "show") -> int:
    frame = frames(client, target.pid)[function]
    return int(scopes(client, frame)["Locals"]["variablesReference"])


def test_the_scopes_of_a_frame(client: DapClient, target: Target) -> None:
    found = scopes(client, frames(client, target.pid)["show"])
    assert {name: (scope["presentationHint"], scope["expensive"]) for name, scope in found.items()} == {
        "Locals": ("locals", False),
        "Globals": ("globals", True),
        "Registers": ("registers", False),
    }
    assert list(scopes(client, last_frame(client, target))) == ["Registers"]


def last_frame(client: DapClient, target: Target) -> dict[str, Any]:
    """`_start`, which no debug information tells of."""
    *_, frame = client.request("stackTrace", threadId=target.pid)["stackFrames"]
    return dict(frame)


def test_a_variable_tells_what_a_client_shows_of_it(client: DapClient, target: Target) -> None:
    found = variables(client, local_reference(client, target))
    assert list(found)[:3] == ["argument", "by_value", "by_pointer"]
    point = found["by_value"]
    assert point["value"] == "{x = 10, y = 20}"
    assert point["type"] == "struct point"
    assert point["evaluateName"] == "by_value"
    assert point["variablesReference"] > 0
    assert "indexedVariables" not in point
    assert re.fullmatch("0x[0-9a-f]+", point["memoryReference"])
    assert found["tiny"]["variablesReference"] == 0
    assert found["memory"]["memoryReference"] == found["pointer"]["memoryReference"]


def test_a_structure_opens_as_far_as_it_goes(client: DapClient, target: Target) -> None:
    found = variables(client, local_reference(client, target))
    head = variables(client, found["list"]["variablesReference"])
    assert head["name"]["value"].endswith('"head"')
    assert head["name"]["evaluateName"] == "list->name"
    tail = variables(client, head["next"]["variablesReference"])
    assert tail["name"]["value"].endswith('"tail"')
    where = variables(client, tail["where"]["variablesReference"])
    assert {name: v["value"] for name, v in where.items()} == {"x": "3", "y": "4"}
    assert where["y"]["evaluateName"] == "list->next->where.y"
    inner = variables(client, tail["<anonymous>"]["variablesReference"])
    assert inner["hidden"]["evaluateName"] == "(*list->next).hidden"


def test_arrays_are_paged(client: DapClient, target: Target) -> None:
    many = variables(client, local_reference(client, target))["many"]
    assert many["indexedVariables"] == 300
    page = variables(client, many["variablesReference"], filter="indexed", start=250, count=3)
    assert {name: v["value"] for name, v in page.items()} == {"[250]": "250", "[251]": "251", "[252]": "252"}
    assert page["[250]"]["evaluateName"] == "many[250]"
    assert variables(client, many["variablesReference"], filter="named") == {}
    matrix = variables(client, local_reference(client, target))["matrix"]
    rows = variables(client, matrix["variablesReference"])
    assert rows["[1]"]["value"] == "{4, 5, 6}"
    assert variables(client, rows["[1]"]["variablesReference"])["[2]"]["evaluateName"] == "matrix[1][2]"


def test_pages_of_locals_make_the_whole(client: DapClient, target: Target) -> None:
    reference = local_reference(client, target)
    whole = list(variables(client, reference))
    pages = [
        name
        for start in range(0, len(whole), 20)
        for name in variables(client, reference, start=start, count=20)
    ]
    assert pages == whole


def test_hexadecimal(client: DapClient, target: Target) -> None:
    found = variables(client, local_reference(client, target), format={"hex": True})
    assert found["by_value"]["value"] == "{x = 0xa, y = 0x14}"
    assert found["tiny"]["value"] == "0xfb"
    assert found["primes"]["value"] == "{0x2, 0x3, 0x5, 0x7, 0xb}"


def test_inner_blocks_hide_outer_ones(client: DapClient, target: Target) -> None:
    found = variables(client, local_reference(client, target, "blocks"))
    names = {name: v["value"] for name, v in found.items() if name.startswith("name")}
    assert names.pop("name") == "3"
    assert sorted(names.values()) == ["1", "2"]
    assert all(re.fullmatch(r"name \(line \d+\)", name) for name in names)
    assert all("evaluateName" not in found[name] for name in names)
    assert found["calls"]["value"] == "1"


def test_the_variables_of_the_file(client: DapClient, target: Target) -> None:
    scope = scopes(client, frames(client, target.pid)["show"])["Globals"]
    found = {name: v["value"] for name, v in variables(client, scope["variablesReference"]).items()}
    assert found["global_counter"] == "42"
    assert found["corners"] == "{{x = 1, y = 2}, {x = 3, y = 4}}"
    assert found["static_text"].endswith('"static text"')
    assert found["thread_local_number"] == "100"


CHANGES = [
    ("small", "-7", "-7"),
    ("port", "0x1F", "31"),
    ("letter", "'z'", "122 'z'"),
    ("yes", "false", "false"),
    ("color", "GREEN", "GREEN"),
    ("rights", "6", "(WRITE | EXECUTE)"),
    ("tenth", "2.5", "2.5"),
    ("third", "1e3", "1000"),
    ("precise", "-0.125", "-0.125"),
    ("wide", "-5", "-5"),
    ("buffer", '"new"', "\"new\", '\\000' <repeats 60 times>"),
    ("pointer", "NULL", "0x0"),
    ("biggest", "18446744073709551615", "18446744073709551615"),
    ("big", "small", "-7"),
]


def test_variables_can_be_changed(client: DapClient, target: Target) -> None:
    reference = local_reference(client, target)
    for name, value, shown in CHANGES:
        answer = client.request("setVariable", variablesReference=reference, name=name, value=value)
        assert answer["value"] == shown, name
    found = variables(client, reference)
    assert {name: found[name]["value"] for name, _, _ in CHANGES} == {
        name: shown for name, _, shown in CHANGES
    }


def test_members_bit_fields_and_elements_can_be_changed(client: DapClient, target: Target) -> None:
    reference = local_reference(client, target)

    def change(parent: str, name: str, value: str) -> str:
        of = variables(client, reference)[parent]["variablesReference"]
        client.request("setVariable", variablesReference=of, name=name, value=value)
        return str(variables(client, reference)[parent]["value"])

    assert change("bits", "b", "-1") == "{a = 5, b = -1, c = 78187493530, d = true, e = (READ | EXECUTE)}"
    assert change("bits", "c", "1") == "{a = 5, b = -1, c = 1, d = true, e = (READ | EXECUTE)}"
    assert change("primes", "[2]", "99") == "{2, 3, 99, 7, 11}"
    assert change("by_value", "y", "-1") == "{x = 10, y = -1}"


def test_what_cannot_be_is_refused_with_the_reason(client: DapClient, target: Target) -> None:
    reference = local_reference(client, target)

    def refused(name: str, value: str) -> str:
        return refusal(client, "setVariable", variablesReference=reference, name=name, value=value)

    assert "8 bits" in refused("tiny", "999")
    assert "true or false" in refused("yes", "perhaps")
    assert "constants" in refused("color", "PINK")
    assert "64" in refused("buffer", '"' + "x" * 65 + '"')
    assert "one by one" in refused("head", "7")
    assert "absent" in refused("absent", "1")
    assert "struct node" in refused("by_value", "tail")


def test_registers_can_be_changed_in_the_innermost_frame(client: DapClient, target: Target) -> None:
    stack = client.request("stackTrace", threadId=target.pid)["stackFrames"]
    reference = scopes(client, stack[0])["Registers"]["variablesReference"]
    before = variables(client, reference)
    assert before["rip"]["value"] == stack[0]["instructionPointerReference"]
    for name, value in (("rbx", "0x1234"), ("mxcsr", "0x1fa0"), ("st0", "1.5")):
        client.request("setVariable", variablesReference=reference, name=name, value=value)
    after = variables(client, reference)
    assert (after["rbx"]["value"], after["mxcsr"]["value"], after["st0"]["value"]) == (
        "0x1234",
        "0x1fa0",
        "1.5",
    )
    client.request("setVariable", variablesReference=reference, name="rbx", value=before["rbx"]["value"])
    vector = variables(client, variables(client, reference)["xmm3"]["variablesReference"])
    doubles = vector["v2_double"]["variablesReference"]
    client.request("setVariable", variablesReference=doubles, name="[1]", value="0.5")
    assert variables(client, reference)["xmm3"]["value"].startswith("0x3fe0000000000000")


def test_a_saved_register_is_changed_where_it_was_saved(client: DapClient, target: Target) -> None:
    """The caller's frame pointer: the innermost frame that saved it keeps it in memory."""
    caller = frames(client, target.pid)["blocks"]
    reference = scopes(client, caller)["Registers"]["variablesReference"]
    known = variables(client, reference)
    assert "rax" not in known, "a call loses it"
    bottom = known["rbp"]["value"]
    assert "caller" in refusal(client, "setVariable", variablesReference=reference, name="rsp", value="0")
    client.request("setVariable", variablesReference=reference, name="rbp", value="0x1230")
    assert variables(client, reference)["rbp"]["value"] == "0x1230"
    client.request("setVariable", variablesReference=reference, name="rbp", value=bottom)
    assert variables(client, reference)["rbp"]["value"] == bottom


def test_each_thread_has_its_thread_locals(program: Program, connect: Connect) -> None:
    target = program("thread_locals.c")
    target.wait_line("ready")
    target.wait_for(lambda: in_one_system_call(target), what="all threads wait")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    numbers = {}
    for tid in client.threads():
        frame = frames(client, tid)["wait_for_the_end"]
        scope = scopes(client, frame)["Globals"]
        numbers[tid] = int(variables(client, scope["variablesReference"])["own"]["value"])
    said = {int(line.split()[1]): int(line.split()[2]) for line in target.lines if line.startswith("own ")}
    assert numbers == said


def test_references_die_with_the_resume(client: DapClient, target: Target) -> None:
    reference = local_reference(client, target)
    inner = variables(client, reference)["head"]["variablesReference"]
    resume(client, target.pid)
    pause(client, target.pid)
    assert str(inner) in refusal(client, "variables", variablesReference=inner)
    assert refusal(client, "setVariable", variablesReference=reference, name="small", value="1")
    resume(client, target.pid)
    detach(client, target)
