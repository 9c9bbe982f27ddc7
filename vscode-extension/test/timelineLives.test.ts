import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { ThreadLivesBody } from "../src/customRequests";
import { Lives } from "../src/timeline/lives";

let lives: Lives;
beforeEach(() => {
  lives = new Lives();
});

test("threads appear in order of their start and end when they do", () => {
  update(100_000, { alive: [thread(2, 50_000), thread(1, 0)] });
  assert.deepEqual(shown(), ["1 0-", "2 50000-"]);
  update(200_000, { alive: [thread(1, 0)], ended: [ended(2, 50_000, 150_000)] });
  assert.deepEqual(shown(), ["1 0-", "2 50000-150000"]);
  assert.equal(lives.aliveCount, 1);
  assert.equal(lives.now, 200_000);
});

test("a thread keeps its row and gets its new name", () => {
  update(100_000, { alive: [thread(1, 0)] });
  const [life] = lives.lives;
  update(200_000, { alive: [{ ...thread(1, 3), name: "renamed" }] });
  assert.equal(lives.lives[0], life);
  assert.equal(life?.name, "renamed");
});

test("a thread that nobody saw alive", () => {
  update(100_000, { ended: [ended(1, 10, 20)] });
  assert.deepEqual(shown(), ["1 10-20"]);
});

test("an id that is used again and again", () => {
  update(100_000, { alive: [thread(1, 0)] });
  update(200_000, {
    ended: [ended(1, 60_000, 110_000), ended(1, 120_000, 130_000)],
    alive: [thread(1, 150_000)],
  });
  assert.deepEqual(shown(), ["1 0-110000", "1 120000-130000", "1 150000-"]);
});

test("an end that the server has forgotten", () => {
  update(100_000, { alive: [thread(1, 0), thread(2, 0)] });
  update(200_000, { alive: [thread(2, 150_000)] });
  assert.deepEqual(shown(), ["1 0-200000", "2 0-200000", "2 150000-"]);
});

test("the oldest of very many ended threads are forgotten, the living never", () => {
  const many = Array.from({ length: 15_000 }, (_, n) => ended(n + 10, n, n + 1));
  update(100_000, { alive: [thread(1, 0)], ended: many });
  update(200_000, { alive: [thread(1, 0)], ended: many });
  assert.equal(lives.lives.length, 20_001);
  assert.equal(lives.aliveCount, 1);
});

function thread(id: number, startTime: number) {
  return { id, name: `worker-${id}`, startTime };
}

function ended(id: number, startTime: number, endTime: number) {
  return { ...thread(id, startTime), endTime };
}

function update(time: number, body: Partial<ThreadLivesBody>): void {
  lives.update({ time, cursor: 0, alive: [], ended: [], stops: [], ...body });
}

function shown(): string[] {
  return lives.lives.map(({ id, start, end }) => `${id} ${start}-${end ?? ""}`);
}
