import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { copyLabel, quotedCommands, refusal } from "../src/remedies";

describe("the commands in a message", () => {
  const cases: [string, string[]][] = [
    [
      "Allow it until the next boot with 'sudo sysctl kernel.yama.ptrace_scope=0', or let the program.",
      ["sudo sysctl kernel.yama.ptrace_scope=0"],
    ],
    ['Install it with "pipx install dapserver".', ["pipx install dapserver"]],
    ["'journalctl -k' or 'ausearch -m avc'", ["journalctl -k", "ausearch -m avc"]],
    ["'sudo a' and again 'sudo a'", ["sudo a"]],
    ["Cannot run '/sudo x/y': check 'program' and 'cwd'.", []],
    ["Yama's rule, and nobody's 'sudo'", []],
  ];
  for (const [message, commands] of cases) {
    test(message, () => {
      assert.deepEqual(quotedCommands(message), commands);
    });
  }
});

test("a button names its command only if there are several", () => {
  assert.equal(copyLabel("sudo a", ["sudo a"]), "Copy Command");
  assert.equal(copyLabel("sudo a", ["sudo a", "sudo b"]), 'Copy "sudo a"');
});

describe("a refusal", () => {
  const error = { format: "No such process." };
  const response = { success: false, command: "attach", message: "short", body: { error } };

  test("is the failure of an attach or a launch", () => {
    assert.equal(refusal(response), "No such process.");
    assert.equal(refusal({ ...response, command: "launch" }), "No such process.");
    assert.equal(refusal({ ...response, body: {} }), "short");
  });

  test("may be a template", () => {
    const template = { format: "{text} {other}", variables: { text: "a {brace}" } };
    assert.equal(refusal({ ...response, body: { error: template } }), "a {brace} {other}");
  });

  test("is nothing else", () => {
    assert.equal(refusal({ ...response, success: true }), undefined);
    assert.equal(refusal({ ...response, command: "evaluate" }), undefined);
    assert.equal(refusal({}), undefined);
  });
});
