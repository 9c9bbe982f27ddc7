import { spawn } from "node:child_process";
import { connect, createServer, type AddressInfo } from "node:net";
import { Process } from "./process.ts";
import { pause, until } from "./waiting.ts";

/** A server that somebody else wrote, on a port of its own. */
export class Server extends Process {
  readonly port: number;

  /** Start it, with the arguments for a port, and wait until it can be asked there. */
  static async start(path: string, args: (port: string) => readonly string[]): Promise<Server> {
    const port = await freePort();
    const server = new Server(path, args(`${port}`), port);
    await until(
      `${path} listens`,
      () => canConnect(port),
      (listens) => listens,
    );
    return server;
  }

  private constructor(path: string, args: readonly string[], port: number) {
    super(spawn(path, args, { stdio: "ignore" }));
    this.port = port;
  }
}

/** A client that asks a server again and again, one question after the other. */
export class Client {
  #answers = 0;
  #isDone = false;
  #failure: string | undefined;
  readonly #asking: Promise<void>;

  /** `ask` asks once and throws if the answer is not the right one. */
  constructor(ask: () => Promise<void>) {
    this.#asking = this.#askOn(ask).catch((error: unknown) => {
      this.#failure = String(error);
    });
  }

  /** Wait until it has been answered some more: the server serves. */
  async isServed(): Promise<void> {
    const before = this.#answers;
    await until(
      "more answers",
      () => ({ answers: this.#answers, failure: this.#failure }),
      ({ answers, failure }) => failure === undefined && answers >= before + 3,
    );
  }

  /** Ask no more. */
  async close(): Promise<void> {
    this.#isDone = true;
    await this.#asking;
  }

  async #askOn(ask: () => Promise<void>): Promise<void> {
    while (!this.#isDone) {
      await ask();
      this.#answers++;
      await pause();
    }
  }
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
