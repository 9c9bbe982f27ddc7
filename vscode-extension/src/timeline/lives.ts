import { sameStart, type Stop, type ThreadLivesBody } from "../customRequests";

/** The life of a thread. Times in microseconds; one without an end goes on. */
export interface Life {
  readonly id: number;
  name: string;
  readonly start: number;
  end?: number;
}

// As many ended threads as the server remembers.
const MOST = 20_000;

/** All lives of a session, in order of their start, by the answers to `threadLives`. */
export class Lives {
  #lives: Life[] = [];
  readonly #open = new Map<number, Life>();
  #stops: readonly Stop[] = [];
  #now = 0;

  get lives(): readonly Life[] {
    return this.#lives;
  }

  get stops(): readonly Stop[] {
    return this.#stops;
  }

  /** When the last answer was given. */
  get now(): number {
    return this.#now;
  }

  get aliveCount(): number {
    return this.#open.size;
  }

  /** When the oldest thread was created. */
  get start(): number {
    return this.#lives[0]?.start ?? this.#now;
  }

  update({ time, alive, ended, stops }: ThreadLivesBody): void {
    this.#now = time;
    this.#stops = stops;
    for (const { id, name, startTime, endTime } of ended) {
      const life = this.#open.get(id) ?? this.#born(id, name, startTime);
      life.end = endTime;
      this.#open.delete(id);
    }
    const present = new Set<Life>();
    for (const { id, name, startTime } of alive) present.add(this.#alive(id, name, startTime));
    for (const life of this.#open.values()) if (!present.has(life)) this.#close(life);
    this.#lives.sort((a, b) => a.start - b.start);
    this.#forget();
  }

  /** The open life of that thread, which may begin just now. */
  #alive(id: number, name: string, start: number): Life {
    const open = this.#open.get(id);
    if (open !== undefined && sameStart(open.start, start)) {
      open.name = name;
      return open;
    }
    if (open !== undefined) this.#close(open);
    return this.#born(id, name, start);
  }

  #born(id: number, name: string, start: number): Life {
    const life = { id, name, start };
    this.#lives.push(life);
    this.#open.set(id, life);
    return life;
  }

  /** The server has forgotten when it ended. */
  #close(life: Life): void {
    life.end = this.#now;
    this.#open.delete(life.id);
  }

  #forget(): void {
    let excess = this.#lives.length - this.#open.size - MOST;
    if (excess > 0)
      this.#lives = this.#lives.filter(({ end }) => end === undefined || excess-- <= 0);
  }
}
