import { inspect } from "node:util";
import type { TestEvent } from "node:test/reporters";

/** A line for each scenario as it ends, its failure below it, and the numbers in the last line. */
export default async function* reporter(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const { type, data } of events) {
    if (type === "test:pass" && data.details.type !== "suite") {
      yield `passed  ${data.name} (${seconds(data.details.duration_ms)} s)\n`;
    } else if (type === "test:fail" && !isOfSubtests(data.details.error)) {
      yield `FAILED  ${data.name}\n${inspect(data.details.error.cause)}\n`;
    } else if (type === "test:diagnostic" && data.nesting > 0) {
      yield `        ${data.message}\n`;
    } else if (type === "test:stderr" || type === "test:stdout") {
      yield data.message;
    } else if (type === "test:summary" && data.file === undefined) {
      const { passed, tests } = data.counts;
      yield `${passed} passed, ${tests - passed} failed\n`;
    }
  }
}

/** A suite fails with its tests, and they have been reported. */
function isOfSubtests(error: Error): boolean {
  return "failureType" in error && error.failureType === "subtestsFailed";
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
