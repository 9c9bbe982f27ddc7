/** A part of an axis: of time in microseconds, or of rows. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The visible part of a growing axis: all of it, a fixed part, or a part that ends where it ends. */
export class Viewport {
  readonly #least: number;
  #whole: Span;
  #part: Span | undefined;

  /** `least` is the shortest part that can be shown. */
  constructor(least: number) {
    this.#least = least;
    this.#whole = { from: 0, to: least };
  }

  get span(): Span {
    return this.#part ?? this.#whole;
  }

  /** The axis is longer now; a part that showed its end goes on showing it. */
  set whole(whole: Span) {
    const grown = { from: whole.from, to: Math.max(whole.to, whole.from + this.#least) };
    const part = this.#part;
    const moved = part?.to === this.#whole.to ? grown.to - part.to : 0;
    this.#whole = grown;
    if (part !== undefined) this.show({ from: part.from + moved, to: part.to + moved });
  }

  /** Show this part, as far as it is on the axis. */
  show({ from, to }: Span): void {
    const { from: first, to: last } = this.#whole;
    const length = Math.min(Math.max(to - from, this.#least), last - first);
    const start = Math.min(Math.max(from, first), last - length);
    this.#part = length < last - first ? { from: start, to: start + length } : undefined;
  }

  showAll(): void {
    this.#part = undefined;
  }

  /** Show `factor` times as much; what is at `anchor` stays in its place. */
  zoom(factor: number, anchor: number): void {
    const { from, to } = this.span;
    const start = anchor - (anchor - from) * factor;
    this.show({ from: start, to: start + (to - from) * factor });
  }

  /** Move by a share of what is shown. */
  scroll(share: number): void {
    const { from, to } = this.span;
    const distance = (to - from) * share;
    this.show({ from: from + distance, to: to + distance });
  }
}
