import assert from "node:assert/strict";
import { test } from "node:test";
import type { CardSummary, ModelEntry } from "../api/models.ts";
import { logTicks, niceCeiling } from "../elements/nice_scale.ts";
import { frontOf, groupsOf, shortNames } from "./quality_points.ts";

const entry = (name: string, bytes: number, card: CardSummary | null): ModelEntry => ({ name, bytes, loaded: false, card });
const card = (mean_kl: number | null, source = "s"): CardSummary => ({ mean_kl, source, text: "t" });

test("only what can be compared is compared", () => {
  const groups = groupsOf([entry("big", 30, card(0)), entry("other", 9, card(1, "else")), entry("none", 5, null), entry("blank", 5, card(null)),
    entry("small", 10, card(0.2))]);
  assert.deepEqual(groups.map((group) => [group.source, group.points.map((point) => point.name)]), [["s", ["small", "big"]], ["else", ["other"]]]);
});

test("the front holds what nothing beats", () => {
  const points = [[10, 0.3], [20, 0.4], [30, 0.1], [30, 0.05], [40, 0.05]].map(([bytes, divergence], i) =>
    ({ name: String(i), bytes: bytes ?? 0, divergence: divergence ?? 0, error: 0 }));
  assert.deepEqual(frontOf(points).map((point) => point.name), ["0", "3"]);
});

test("names lose what all begin with", () => {
  assert.deepEqual(shortNames(["a-1B-Q4_0", "a-1B-Q4_K", "a-1B-Q8_0"]), ["Q4_0", "Q4_K", "Q8_0"]);
  assert.deepEqual(shortNames(["a-1", "b-1"]), ["a-1", "b-1"]);
  assert.deepEqual(shortNames(["a-1"]), ["a-1"]);
  assert.deepEqual(shortNames(["a", "a-1"]), ["a", "a-1"]);
  assert.deepEqual(shortNames([]), []);
});

test("ends and steps of axes", () => {
  assert.deepEqual([0, 0.7, 1, 2.1, 37, 5000].map(niceCeiling), [1, 1, 1, 2.5, 50, 5000]);
  assert.deepEqual(logTicks(0.008, 0.3), [0.01, 0.02, 0.05, 0.1, 0.2]);
  assert.deepEqual(logTicks(0.0001, 1), [0.0001, 0.001, 0.01, 0.1, 1]);
});
