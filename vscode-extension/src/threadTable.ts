import {
  sameStart,
  type EndedThread,
  type ThreadDetails,
  type ThreadDetailsBody,
  type ThreadState,
} from "./customRequests";

/** A thread of the Threads view; one object for its whole life. Times in microseconds. */
export interface ThreadRow {
  /** Unlike the id, never used again, by another session neither. */
  readonly key: number;
  readonly id: number;
  readonly startTime: number;
  name: string;
  state: ThreadState | "ended";
  waitingFor: string | undefined;
  /** Percent of one processor since the answer before; undefined if that is not known yet. */
  cpu: number | undefined;
  age: number;
}

interface Entry extends ThreadRow {
  cpuTime: number;
  endTime?: number;
}

/** How long a thread stays in the table after its end. */
export const LINGER = 5_000_000;

let keys = 0;

/** What is known of the threads of one session, by the answers to `threadDetails`. */
export class ThreadTable {
  readonly #live = new Map<number, Entry>();
  #ended: Entry[] = [];
  #time = 0;

  /** The threads that live, and those that ended lately. */
  get rows(): readonly ThreadRow[] {
    return [...this.#live.values(), ...this.#ended];
  }

  update(body: ThreadDetailsBody): void {
    const passed = body.time - this.#time;
    this.#endTheMissing(body);
    this.#time = body.time;
    for (const details of body.threads) {
      const entry = this.#live.get(details.id);
      if (entry === undefined) this.#live.set(details.id, this.#born(details, body.time));
      else refresh(entry, details, passed, body.time);
    }
    this.#ended = this.#ended.filter(({ endTime = 0 }) => endTime > body.time - LINGER);
  }

  #endTheMissing({ time, threads, recentlyExited }: ThreadDetailsBody): void {
    const present = new Map(threads.map((thread) => [thread.id, thread]));
    const endings = recentlyExited.filter(({ endTime }) => endTime > time - LINGER);
    for (const entry of this.#live.values()) {
      const now = present.get(entry.id);
      if (now !== undefined && sameStart(now.startTime, entry.startTime)) continue;
      // The first of that id since the last answer: the id may have been used again and again.
      const ending = endings.findLast(({ id, endTime }) => id === entry.id && endTime > this.#time);
      this.#live.delete(entry.id);
      this.#ended.push(end(entry, ending?.endTime ?? time));
    }
    const known = new Set(this.#ended.map(({ id, endTime }) => `${id} ${endTime ?? 0}`));
    for (const ending of endings.toReversed()) {
      if (!known.has(`${ending.id} ${ending.endTime}`)) this.#ended.push(this.#unseen(ending));
    }
  }

  #born({ id, name, startTime, state, waitingFor, cpuTime }: ThreadDetails, time: number): Entry {
    const key = keys++;
    const [cpu, age] = [undefined, time - startTime];
    return {
      key,
      id,
      startTime,
      name,
      state,
      waitingFor: waitingFor ?? undefined,
      cpu,
      age,
      cpuTime,
    };
  }

  /** A thread that came and went between two answers. */
  #unseen({ id, name, startTime, endTime }: EndedThread): Entry {
    const details = { id, name, startTime, state: "ending", cpuTime: 0, processor: 0 } as const;
    return end(this.#born(details, endTime), endTime);
  }
}

function refresh(entry: Entry, details: ThreadDetails, passed: number, time: number): void {
  entry.name = details.name;
  entry.state = details.state;
  entry.waitingFor = details.waitingFor ?? undefined;
  entry.cpu = Math.round(((details.cpuTime - entry.cpuTime) / passed) * 100);
  entry.cpuTime = details.cpuTime;
  entry.age = time - entry.startTime;
}

function end(entry: Entry, endTime: number): Entry {
  const age = endTime - entry.startTime;
  return Object.assign(entry, {
    state: "ended",
    waitingFor: undefined,
    cpu: undefined,
    age,
    endTime,
  });
}
