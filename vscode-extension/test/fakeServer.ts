import { once } from "node:events";
import { connect, type Socket } from "node:net";
import * as path from "node:path";
import { createInterface } from "node:readline";

type Mode = "serve" | "stubborn" | "silent" | "missing" | "broken";

export function fakeServer(mode: Mode, ...more: string[]): string[] {
  return [process.execPath, path.join(__dirname, "fakeServer.mjs"), mode, ...more];
}

/** Connect as a session does; the connection and the process id of the server at its other end. */
export async function session(socket: string): Promise<{ connection: Socket; pid: number }> {
  const connection = connect(socket);
  const [line] = (await once(createInterface({ input: connection }), "line")) as [string];
  return { connection, pid: Number(line) };
}

export async function serverPid(socket: string): Promise<number> {
  const { connection, pid } = await session(socket);
  connection.destroy();
  return pid;
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
