import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { after, before, describe, test } from "node:test";
import { DebugClient } from "@vscode/debugadapter-testsupport";
import type { DebugProtocol } from "@vscode/debugprotocol";
import { PYTHON } from "../support/places.ts";
import type { Program } from "../support/program.ts";
import { until } from "../support/waiting.ts";
import { Workspace } from "../support/workspace.ts";

describe("@vscode/debugadapter-testsupport", () => {
  const workspace = new Workspace();
  let workshop: Program;

  before(async () => {
    workshop = await workspace.start("workshop");
  });
  after(() => workspace.close());

  test("its client attaches on stdio, follows the threads, pauses and leaves", async () => {
    // It gives the interpreter one argument only.
    const client = new DebugClient(PYTHON, "-mdapserver", "dapserver");
    const alive = new Set<number>();
    client.on("thread", ({ body }: DebugProtocol.ThreadEvent) => {
      if (body.reason === "started") alive.add(body.threadId);
      else alive.delete(body.threadId);
    });
    await client.start();
    try {
      const configured = client
        .waitForEvent("initialized")
        .then(() => client.configurationDoneRequest());
      await client.initializeRequest();
      const attached = client.attachRequest({ processId: workshop.pid } as object);
      await Promise.all([attached, configured]);
      await follow(client, alive);
      await pause(client);
    } finally {
      await client.stop(); // it sends `disconnect`
    }
    await workshop.untraced();
    await workshop.beats();
  });

  async function follow(client: DebugClient, alive: ReadonlySet<number>): Promise<void> {
    await workshop.order("hire joiner");
    await workshop.order("hire turner");
    await workshop.order("fire turner");
    await until(
      "events for all threads",
      () => [...alive].sort(),
      (tids) => isDeepStrictEqual(tids, workshop.tids().sort()),
    );
    await until(
      "all threads, by their names",
      async () => (await client.threadsRequest()).body.threads.map(({ name }) => name).sort(),
      (names) => isDeepStrictEqual(names, workshop.threads().sort()),
    );
  }

  async function pause(client: DebugClient): Promise<void> {
    const stopped = client.waitForEvent("stopped");
    await client.pauseRequest({ threadId: workshop.pid });
    const { body } = (await stopped) as DebugProtocol.StoppedEvent;
    assert.equal(body.reason, "pause");
    const stack = await client.stackTraceRequest({ threadId: workshop.pid });
    assert.notEqual(stack.body.stackFrames.length, 0);
  }
});
