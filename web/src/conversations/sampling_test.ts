import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSetting, SETTINGS, withSetting } from "./sampling.ts";

const setting = (name: string) => SETTINGS.find((each) => each.name === name) ?? assert.fail(name);

test("numbers, nothing, or why not", () => {
  assert.equal(parseSetting(setting("temperature"), " 0,7 "), 0.7);
  assert.equal(parseSetting(setting("temperature"), " "), undefined);
  assert.deepEqual(parseSetting(setting("temperature"), "hot"), { problem: "Temperature must be a number" });
  assert.deepEqual(parseSetting(setting("top_k"), "1.5"), { problem: "Top k must be a whole number" });
  assert.deepEqual(parseSetting(setting("top_p"), "2"), { problem: "Top p must be from 0 to 1" });
  assert.deepEqual(parseSetting(setting("seed"), "Infinity"), { problem: "Seed must be a number" });
});

test("settings come and go", () => {
  const some = withSetting({ top_k: 4 }, "seed", 1);
  assert.deepEqual(some, { top_k: 4, seed: 1 });
  assert.deepEqual(withSetting(some, "top_k", undefined), { seed: 1 });
});
