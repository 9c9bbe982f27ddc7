/**
 * The bodies of the server's answers to requests beyond DAP (docs/custom-requests.md of the server).
 * Times are microseconds of one clock, whose zero has no meaning.
 */

export type ThreadState = "paused" | "running" | "sleeping" | "blocked" | "stopped" | "ending";

export interface ThreadDetails {
  readonly id: number;
  readonly name: string;
  readonly state: ThreadState;
  readonly waitingFor?: string | null;
  readonly cpuTime: number;
  readonly processor: number;
  readonly startTime: number;
}

export interface EndedThread {
  readonly id: number;
  readonly name: string;
  readonly startTime: number;
  readonly endTime: number;
}

/** Answers `threadDetails`. */
export interface ThreadDetailsBody {
  readonly time: number;
  readonly started: number;
  readonly exited: number;
  readonly threads: readonly ThreadDetails[];
  /** The last first. */
  readonly recentlyExited: readonly EndedThread[];
}

export interface Stop {
  readonly reason: string;
  readonly threadId: number;
  readonly allThreads: boolean;
  readonly startTime: number;
  readonly endTime?: number | null;
}

/** Answers `threadLives`. */
export interface ThreadLivesBody {
  readonly time: number;
  readonly cursor: number;
  readonly alive: readonly Omit<EndedThread, "endTime">[];
  readonly ended: readonly EndedThread[];
  readonly stops: readonly Stop[];
}

// The kernel counts start times in ticks of 10 ms; the server converts them anew for each answer.
const TICK = 10_000;

/** Whether two threads that had the same id at different times of asking are the same thread. */
export function sameStart(one: number, other: number): boolean {
  return Math.abs(one - other) < TICK;
}
