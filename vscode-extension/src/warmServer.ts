import { unsupportedPlatform } from "./serverErrors";
import { ServerProcess, type Log } from "./serverProcess";

// Imports take half a second on an idle machine; a cold disk and a busy machine take more.
const START_TIMEOUT_MS = 20_000;

/** The one server of an extension host: started when first needed, anew when it died. */
export class WarmServer {
  readonly #log: Log;
  readonly #startTimeout: number;
  // A server that no new session gets, because the settings changed, lives on for its old ones.
  readonly #alive = new Set<ServerProcess>();
  #current: ServerProcess | undefined;

  constructor(log: Log, startTimeout = START_TIMEOUT_MS) {
    this.#log = log;
    this.#startTimeout = startTimeout;
  }

  /** The socket of a server run by `command`; rejects with ServerStartError. */
  async socket(command: readonly string[]): Promise<string> {
    if (process.platform !== "linux") throw unsupportedPlatform(process.platform);
    if (this.#current?.serves(command) !== true) this.#current = this.#start(command);
    return this.#current.listening;
  }

  /** The processes that listen. */
  get pids(): number[] {
    return [...this.#alive].flatMap((server) => server.pid ?? []);
  }

  /** End every server; sessions end with it and leave their processes running. */
  async stop(): Promise<void> {
    await Promise.all([...this.#alive].map((server) => server.stop()));
  }

  #start(command: readonly string[]): ServerProcess {
    const server = new ServerProcess(command, this.#log, this.#startTimeout);
    this.#alive.add(server);
    void server.ended.then(() => this.#alive.delete(server));
    return server;
  }
}
