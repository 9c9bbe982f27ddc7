import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import manifest from "../package.json";

const [contributed] = manifest.contributes.debuggers;
assert.ok(contributed !== undefined);
const { attach, launch } = contributed.configurationAttributes;
const COMMON = ["debuginfod", "nonStop", "program", "sourceMap", "stopOnEntry", "token"];

test("every argument of the server is in the schema", () => {
  const attachArguments = [...COMMON, "pid", "processId", "waitFor"].sort();
  const launchArguments = [...COMMON, "args", "console", "cwd", "env"].sort();
  assert.deepEqual(Object.keys(attach.properties).sort(), attachArguments);
  assert.deepEqual(Object.keys(launch.properties).sort(), launchArguments);
});

test("every argument is described and has a type", () => {
  for (const properties of [attach.properties, launch.properties]) {
    for (const [name, property] of Object.entries(properties)) {
      assert.match(property.markdownDescription, /^[A-Z].*\.$/, name);
      assert.ok(property.type.length > 0, name);
    }
  }
});

test("the ready-made configurations use only what is in the schema", () => {
  const bodies = contributed.configurationSnippets.map(({ body }) => body);
  for (const { type, request, name, ...more } of [
    ...contributed.initialConfigurations,
    ...bodies,
  ]) {
    assert.equal(type, contributed.type, name);
    const known = request === "attach" ? attach.properties : launch.properties;
    for (const argument of Object.keys(more)) assert.ok(argument in known, `${name}: ${argument}`);
  }
});

test("the gutter takes breakpoints in every language of the debugger", () => {
  const languages = manifest.contributes.breakpoints.map(({ language }) => language);
  for (const language of contributed.languages) assert.ok(languages.includes(language), language);
});

test("menus and walkthrough name commands and files that exist", () => {
  const { commands, menus, walkthroughs } = manifest.contributes;
  const known = new Set(commands.map(({ command }) => command));
  for (const { command } of Object.values(menus).flat()) assert.ok(known.has(command), command);
  for (const { media, description } of walkthroughs.flatMap(({ steps }) => steps)) {
    assert.ok(existsSync(path.join(__dirname, "..", media.markdown)), media.markdown);
    for (const [, command] of description.matchAll(/command:(dapserver\.[\w.]+)/g)) {
      assert.ok(command === "dapserver.threads.focus" || known.has(command ?? ""), command);
    }
  }
});
