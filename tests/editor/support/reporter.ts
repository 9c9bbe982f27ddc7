import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

/** A line for each scenario as it ends, its failure below it, and the numbers in the last line. */
export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === "test:pass" && data.details.type !== "suite") {
      yield `passed  ${data.name} (${seconds(data.details.duration_ms)} s)\n`;
    } else if (type === "test:fail" && data.details.error.failureType !== "subtestsFailed") {
      yield `FAILED  ${data.name}\n${inspect(data.details.error.cause)}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield data.message;
    } else if (type === "test:summary" && data.file === undefined) {
      const { passed, tests } = data.counts;
      yield `${passed} passed, ${tests - passed} failed\n`;
    }
  }
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
