import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import * as path from "node:path";
import { after, before, describe } from "node:test";
import { threadsOf } from "../support/callStack.ts";
import type { Editor } from "../support/editor.ts";
import { REAL } from "../support/places.ts";
import { Client, Server } from "../support/server.ts";
import { Workspace } from "../support/workspace.ts";

/** Programs of others, as install-real brings them: attached to while they serve. */
const PYTHON = "/usr/bin/python3";
const PYTHON_SOURCE = realpathSync(path.join(REAL, "python"));
const BUILT_IN = path.join("/build/reproducible-path", path.basename(PYTHON_SOURCE));
const SOCKETS = path.join(PYTHON_SOURCE, "Modules", "socketmodule.c");
const REDIS = path.join(REAL, "bin", "mini-redis-server");
const DATABASE = path.join(REAL, "mini-redis", "src", "db.rs");

/** Connections that ask nothing; each keeps a thread of Python's server waiting. */
const IDLE = 3;

/** The number of the line with this text; the last one if there are several. */
function lineOf(file: string, text: string): number {
  return (
    1 +
    readFileSync(file, "utf8")
      .split("\n")
      .findLastIndex((line) => line.includes(text))
  );
}

describe("real programs", () => {
  const workspace = new Workspace();
  let python: Server;
  let redis: Server;
  let reader: Client;
  let writer: Client;

  before(async () => {
    writeFileSync(path.join(workspace.folder, "harvest.txt"), "12 sacks\n");
    python = workspace.keep(
      await Server.start(PYTHON, (port) => [
        ...["-m", "http.server", "--bind", "127.0.0.1", "--directory", workspace.folder, port],
      ]),
    );
    for (let idle = 0; idle < IDLE; idle++) await connected(python);
    reader = workspace.keep(new Client(() => askForHarvest(python)));

    redis = workspace.keep(await Server.start(REDIS, (port) => ["--port", port]));
    const connection = await connected(redis);
    writer = workspace.keep(new Client(() => setColour(connection)));

    workspace.settings = { "breadcrumbs.enabled": false }; // they tell where the cache is
    const sourceMap = { [BUILT_IN]: PYTHON_SOURCE };
    workspace.configure(
      { name: "Python", request: "attach", processId: python.pid, sourceMap },
      { name: "Redis", request: "attach", processId: redis.pid },
    );
    await workspace.open();
  });
  after(() => workspace.close());

  /** See that each thread but the one that is unfolded has such a frame; one is unfolded at a time. */
  async function lookAtOthers(editor: Editor, stopped: string, server: Server, frame: string) {
    const { callStack } = editor;
    await callStack.fold(callStack.row(stopped)); // it leaves no room for the others
    for (const thread of server.threads().filter((name) => name !== stopped)) {
      const row = callStack.row(thread);
      await callStack.unfold(row);
      await callStack.untilFrames(thread, (frames) =>
        frames.some((name) => name.startsWith(frame)),
      );
      await callStack.fold(row);
    }
    await callStack.unfold(callStack.row(stopped));
  }

  workspace.scenario("Python from Debian stops at a line of its C source", async (editor) => {
    const { source, callStack, inspection } = editor;
    const line = lineOf(SOCKETS, "sock_call_ex(s, 1, sock_send_impl,");
    await editor.openFile(SOCKETS);
    await editor.goToLine(line);
    await editor.start("Python");
    await callStack.until("its threads", (rows) => threadsOf(rows).length > IDLE);
    await reader.isServed();

    await source.clickGutter(line);
    const stopped = await callStack.untilStopped("Paused on breakpoint");
    await source.untilAt(line);
    await callStack.untilFrames(stopped, ([top]) => top === "sock_sendall");
    await editor.shot("real-python-stopped");
    await lookAtOthers(editor, stopped, python, "_PyEval_EvalFrameDefault");
    await editor.unfold("Variables");
    await inspection.variable("len").waitFor();
    await inspection.variable("buf").filter({ hasText: "HTTP/1.0 200 OK" }).waitFor();
    await callStack.unfold(inspection.variable("s"));
    await inspection.variable("sock_type", "1").waitFor();
    await editor.moveAside();
    await editor.threadsView.untilPaused();
    await editor.shot("real-python-inspected");
    await editor.toolbar("step-over");
    await source.untilAt(lineOf(SOCKETS, "n = ctx.result;"));
    await editor.fold("Variables");
    await leave(editor, python, reader);
  });

  workspace.scenario("a Rust server with async tasks stops in a function", async (editor) => {
    const { source, callStack, inspection } = editor;
    await editor.start("Redis");
    await callStack.untilThreads("its threads", () => redis.threads());
    await editor.unfold("Breakpoints");
    await editor.breakpoints.addFunction("mini_redis::db::Db::set");
    await editor.fold("Breakpoints");
    const stopped = await callStack.untilStopped("Paused on function breakpoint");
    await callStack.untilFrames(stopped, ([top]) => top === "mini_redis::db::Db::set");
    await editor.shot("real-rust-stopped");
    await lookAtOthers(editor, stopped, redis, "tokio::");
    await editor.unfold("Variables");
    await inspection.variable("key", '"colour"').waitFor();
    const at = lineOf(DATABASE, "let id = state.next_id;");
    await editor.toolbar("step-over");
    await source.untilAt(at);
    await editor.toolbar("step-over");
    await source.untilAt(at + 1);
    await inspection.variable("id").waitFor();
    await editor.moveAside();
    await editor.threadsView.untilPaused();
    await editor.shot("real-rust-stepped");
    await editor.fold("Variables");
    await leave(editor, redis, writer);
  });

  /** Take the breakpoints away and leave; the program serves on. */
  async function leave(editor: Editor, server: Server, client: Client): Promise<void> {
    await editor.command("Remove All Breakpoints");
    await editor.press("Shift+F5");
    await editor.callStack.until("no session", (rows) => rows.length === 0);
    await server.untraced();
    await client.isServed();
  }
});

async function connected(server: Server): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => undefined); // when the server is ended
  return socket;
}

async function askForHarvest(server: Server): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/harvest.txt`, { method: "HEAD" });
  if (answer.headers.get("content-length") !== "9") throw new Error(`${answer.status}`);
}

/** Redis's protocol: an array of strings, each after its length; and "OK". */
async function setColour(connection: Socket): Promise<void> {
  const words = ["SET", "colour", "blue"].map((word) => `$${word.length}\r\n${word}\r\n`);
  connection.write(`*${words.length}\r\n${words.join("")}`);
  const [answer] = (await once(connection, "data")) as [Buffer];
  if (answer.toString() !== "+OK\r\n") throw new Error(answer.toString());
}
