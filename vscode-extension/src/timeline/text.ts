import type { Lives, Life } from "./lives";

/** A time in microseconds, in a unit that suits `precision`, the least difference to be seen. */
export function time(microseconds: number, precision = Math.max(1, microseconds / 100)): string {
  const [unit, size] = unitFor(precision);
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(precision / size))));
  return `${(microseconds / size).toFixed(digits)} ${unit}`;
}

function unitFor(precision: number): readonly [string, number] {
  if (precision >= 10_000) return ["s", 1e6];
  return precision >= 10 ? ["ms", 1e3] : ["µs", 1];
}

/** One thread, for who points at it. */
export function describeLife({ id, name, start, end }: Life, { start: zero, now }: Lives): string {
  const length = time((end ?? now) - start);
  const ended = end === undefined ? "alive" : `ended at ${seconds(end - zero)}`;
  return `${name} [${id}]: created at ${seconds(start - zero)}, ${ended}, lived ${length}`;
}

/** All of it, in words: for screen readers and the line below the picture. */
export function summary({ lives, aliveCount, stops, start, now }: Lives): string {
  const ended = lives.length - aliveCount;
  const stopped = stops.length === 1 ? "1 stop" : `${stops.length} stops`;
  return `${aliveCount} alive, ${ended} ended, ${stopped} in ${seconds(now - start)}`;
}

function seconds(microseconds: number): string {
  return time(microseconds, 10_000);
}
