import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { complete, withNumericProcessId, type Arguments } from "../src/sessionArguments";

const FOLDER = "/home/alice/project";
const PICK = "${command:pickProcess}";
const ATTACH = { type: "dapserver", request: "attach", name: "a" };
const LAUNCH = { type: "dapserver", request: "launch", name: "l", program: "/bin/true" };

describe("before variables are replaced", () => {
  const cases: [string, Arguments, Arguments][] = [
    [
      "no launch.json: attach to a picked process",
      {},
      { ...ATTACH, name: "dapserver: attach to a process", processId: PICK },
    ],
    ["attach to nothing named: pick", ATTACH, { ...ATTACH, processId: PICK }],
    [
      "symbols from a program: pick all the same",
      { ...ATTACH, program: "/bin/true" },
      { ...ATTACH, program: "/bin/true", processId: PICK },
    ],
    [
      "wait for a program: no pick",
      { ...ATTACH, program: "/bin/true", waitFor: true },
      { ...ATTACH, program: "/bin/true", waitFor: true },
    ],
    ["a process id stays", { ...ATTACH, processId: 12 }, { ...ATTACH, processId: 12 }],
    ["pid is processId", { ...ATTACH, pid: "12" }, { ...ATTACH, processId: "12" }],
    ["processId wins over pid", { ...ATTACH, pid: 1, processId: 2 }, { ...ATTACH, processId: 2 }],
    [
      "beside another server our list of processes is not its own",
      { ...ATTACH, debugServer: 4711 },
      { ...ATTACH, debugServer: 4711 },
    ],
    ["a program starts in the workspace folder", LAUNCH, { ...LAUNCH, cwd: FOLDER }],
    ["or where it is told to", { ...LAUNCH, cwd: "/tmp" }, { ...LAUNCH, cwd: "/tmp" }],
    [
      "another server's workspace is its own affair",
      { ...LAUNCH, debugServer: 4711 },
      { ...LAUNCH, debugServer: 4711 },
    ],
  ];
  for (const [name, entry, expected] of cases) {
    test(name, () => {
      assert.deepEqual(complete(entry, FOLDER), expected);
    });
  }

  test("no folder is open: the server's own directory", () => {
    assert.deepEqual(complete(LAUNCH, undefined), LAUNCH);
  });
});

test("a process id in digits becomes a number, anything else is the server's to refuse", () => {
  assert.equal(withNumericProcessId({ processId: " 12 " }).processId, 12);
  for (const processId of [12, "12a", "", "-1", null, undefined]) {
    assert.equal(withNumericProcessId({ processId }).processId, processId);
  }
});
