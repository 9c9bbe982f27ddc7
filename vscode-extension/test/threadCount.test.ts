import assert from "node:assert/strict";
import { test } from "node:test";
import { ThreadCount } from "../src/threadCount";

const event = (name: string, body?: object) => ({ type: "event", event: name, body });
const thread = (reason: string, threadId: number) => event("thread", { reason, threadId });

test("threads are counted by their events", () => {
  const count = new ThreadCount();
  for (const id of [1, 2, 3, 3]) assert.ok(count.saw(thread("started", id)));
  assert.ok(count.saw(thread("exited", 2)));
  assert.equal(count.size, 2);
});

test("what else changes threads is told, and the rest is not", () => {
  const count = new ThreadCount();
  for (const name of ["stopped", "continued", "invalidated"]) assert.ok(count.saw(event(name)));
  assert.ok(!count.saw(event("output")));
  assert.ok(!count.saw({ type: "response" }));
});
