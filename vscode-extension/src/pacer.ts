/** How often a task may run, in milliseconds. */
export interface Pace {
  /** Between the beginnings of two runs. */
  readonly gap: number;
  /** Run also when nobody asks. */
  readonly every?: number;
}

// A task that takes long gets more room: it uses at most a quarter of the time.
const ROOM = 4;
// What took very long has waited behind something else, and will not the next time.
const MOST_ROOM_MS = 2_000;

/** Runs a task while it is on: when asked to, one run at a time and not too often. */
export class Pacer {
  readonly #task: () => unknown;
  readonly #pace: Pace;
  #on = false;
  #asked = false;
  #running = false;
  #earliest = 0;
  #timer: NodeJS.Timeout | undefined;

  /** A `task` that returns a promise runs until that settles; it must not reject. */
  constructor(task: () => unknown, pace: Pace) {
    this.#task = task;
    this.#pace = pace;
  }

  get on(): boolean {
    return this.#on;
  }

  /** Turned on, it runs at once; turned off, never. */
  set on(on: boolean) {
    if (on === this.#on) return;
    this.#on = on;
    clearTimeout(this.#timer);
    this.#asked = false;
    if (on) this.request();
  }

  /** Run soon; many requests before that run are one. */
  request(): void {
    if (!this.#on || this.#asked) return;
    this.#asked = true;
    if (!this.#running) this.#schedule(this.#earliest - Date.now());
  }

  #schedule(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), Math.max(0, delay));
  }

  async #run(): Promise<void> {
    this.#asked = false;
    this.#running = true;
    const begun = Date.now();
    await this.#task();
    const now = Date.now();
    this.#running = false;
    const room = begun + Math.max(this.#pace.gap, ROOM * (now - begun));
    this.#earliest = Math.min(room, now + MOST_ROOM_MS);
    this.#scheduleNext(begun, now);
  }

  #scheduleNext(begun: number, now: number): void {
    if (!this.#on) this.#asked = false;
    else if (this.#asked) this.#schedule(this.#earliest - now);
    else if (this.#pace.every !== undefined) {
      this.#schedule(Math.max(this.#earliest, begun + this.#pace.every) - now);
    }
  }
}
