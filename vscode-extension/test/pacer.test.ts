import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Pacer, type Pace } from "../src/pacer";

/** A pacer whose task takes `duration`, and the times at which that task began. */
function pacer(pace: Pace, duration = 0) {
  const begun: number[] = [];
  const task = () => {
    begun.push(Date.now());
    return duration === 0 ? undefined : new Promise((done) => setTimeout(done, duration));
  };
  return { begun, pacer: new Pacer(task, pace) };
}

/** Let time pass, and what awaits it go on. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 10) {
    mock.timers.tick(10);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  }
}

describe("a pacer", () => {
  beforeEach(() => {
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 0 });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  test("does nothing while it is off", async () => {
    const { begun, pacer: off } = pacer({ gap: 100, every: 100 });
    off.request();
    await pass(1_000);
    assert.deepEqual(begun, []);
  });

  test("runs at once when it is turned on, and then at its pace", async () => {
    const { begun, pacer: on } = pacer({ gap: 100, every: 1_000 });
    on.on = true;
    await pass(2_500);
    assert.deepEqual(
      begun,
      [0, 1_000, 2_000].map((time) => time + (begun[0] ?? 0)),
    );
  });

  test("makes one run of many requests, no earlier than it may", async () => {
    const { begun, pacer: on } = pacer({ gap: 200 });
    on.on = true;
    await pass(50);
    for (let count = 0; count < 1_000; count++) on.request();
    await pass(1_000);
    assert.deepEqual(
      begun,
      [0, 200].map((time) => time + (begun[0] ?? 0)),
    );
  });

  test("has one run under way, and asks again for what came meanwhile", async () => {
    const { begun, pacer: on } = pacer({ gap: 10 }, 100);
    on.on = true;
    await pass(50);
    on.request();
    await pass(1_000);
    assert.equal(begun.length, 2);
  });

  test("gives a slow task more room", async () => {
    const { begun, pacer: on } = pacer({ gap: 10, every: 10 }, 100);
    on.on = true;
    await pass(1_000);
    assert.equal(begun.length, 3);
  });

  test("does not rest for long after a task that had to wait", async () => {
    const { begun, pacer: on } = pacer({ gap: 10 }, 10_000);
    on.on = true;
    await pass(5_000);
    on.request();
    await pass(7_500);
    assert.equal(begun.length, 2);
  });

  test("stops when it is turned off, also during a run, and begins anew", async () => {
    const { begun, pacer: on } = pacer({ gap: 10, every: 10 }, 100);
    on.on = true;
    await pass(50);
    on.on = false;
    await pass(1_000);
    assert.equal(begun.length, 1);
    on.on = true;
    await pass(50);
    assert.equal(begun.length, 2);
  });

  test("forgets a request that was waiting when it was turned off", async () => {
    const { begun, pacer: on } = pacer({ gap: 500 });
    on.on = true;
    await pass(50);
    on.request();
    on.on = false;
    await pass(1_000);
    on.on = true;
    await pass(50);
    assert.equal(begun.length, 2);
  });
});
