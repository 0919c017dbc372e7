import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerClock } from "./answer_clock.ts";

test("speed is that behind the first token", () => {
  const clock = new AnswerClock(1000);
  assert.deepEqual(clock.figures(), {});
  for (const now of [1500, 1600, 2500]) clock.tick(now);
  const usage = { promptTokens: 7, cachedTokens: 1, answerTokens: 11 };
  assert.deepEqual(clock.figures(usage), { figures: { ...usage, firstTokenSeconds: 0.5, tokensPerSecond: 10 } });
  assert.equal(clock.figures().figures?.answerTokens, 3);
});
