/** A message of the adapter, as far as it is looked at here. */
export interface Message {
  readonly type?: string;
  readonly event?: string;
  readonly body?: unknown;
}

interface ThreadEventBody {
  readonly reason: string;
  readonly threadId: number;
}

// What changes something that the Threads view or the timeline shows.
const EVENTS: ReadonlySet<string | undefined> = new Set([
  "thread",
  "stopped",
  "continued",
  "invalidated",
]);

/** The threads of a session by its events alone, which come in order and leave none out. */
export class ThreadCount {
  readonly #ids = new Set<number>();

  get size(): number {
    return this.#ids.size;
  }

  /** Take in a message; whether it is about threads. */
  saw({ type, event, body }: Message): boolean {
    if (type !== "event" || !EVENTS.has(event)) return false;
    if (event === "thread") this.#count(body as ThreadEventBody);
    return true;
  }

  #count({ reason, threadId }: ThreadEventBody): void {
    if (reason === "exited") this.#ids.delete(threadId);
    else this.#ids.add(threadId);
  }
}
