import { setTimeout as sleep } from "node:timers/promises";

const PAUSE_MS = 20;
/** Patience with an editor on a busy machine; what has to be quick is measured by its test. */
export const PATIENCE_MS = 30_000;

/** The one place that sleeps: for a moment. */
export function pause(): Promise<void> {
  return sleep(PAUSE_MS);
}

/** Look again until what is seen holds, and return it. */
export async function until<Seen>(
  what: string,
  look: () => Seen | Promise<Seen>,
  holds: (seen: Seen) => boolean,
  patience = PATIENCE_MS,
): Promise<Seen> {
  const deadline = performance.now() + patience;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > deadline) {
      throw new Error(`not within ${patience / 1000} s: ${what}; seen: ${JSON.stringify(seen)}`);
    }
    await pause();
  }
}
