import assert from "node:assert/strict";
import { test } from "node:test";
import { filledPart, histogramOf, quantile } from "./histogram.ts";
import { parseMetrics } from "./prometheus_text.ts";
import { ratesOf, snapshotOf } from "./snapshot.ts";

const TEXT = String.raw`# HELP adze_requests_running Requests.
# TYPE adze_requests_running gauge
adze_requests_running{model="a \"b\" \\ {c}, d"} 2
adze_requests_running{model="two"} 1
adze_model_loaded{model="two"} 1
adze_model_loaded{model="three"} 0
adze_generated_tokens_total{model="two"} 30
adze_first_token_seconds_bucket{model="two",le="0.1"} 2
adze_first_token_seconds_bucket{model="two",le="0.5"} 6
adze_first_token_seconds_bucket{model="two",le="1"} 6
adze_first_token_seconds_bucket{model="two",le="+Inf"} 8
adze_first_token_seconds_bucket{model="x",le="0.1"} 1
adze_first_token_seconds_bucket{model="x",le="0.5"} 2
adze_first_token_seconds_bucket{model="x",le="1"} 2
adze_first_token_seconds_bucket{model="x",le="+Inf"} 2
adze_first_token_seconds_sum{model="two"} 12.5
adze_resident_bytes 1e+08
broken line {
`;

test("the text format", () => {
  const samples = parseMetrics(TEXT);
  assert.deepEqual(samples[0], { name: "adze_requests_running", labels: { model: 'a "b" \\ {c}, d' }, value: 2 });
  assert.equal(samples.at(-1)?.value, 1e8);
  assert.equal(samples.length, 15);
});

test("histograms of all models together", () => {
  const histogram = histogramOf(parseMetrics(TEXT), "adze_first_token_seconds");
  assert.deepEqual(histogram, { bounds: [0.1, 0.5, 1, Infinity], counts: [3, 5, 0, 2], sum: 12.5, count: 10 });
  const about = (share: number, value: number) => assert.ok(Math.abs((quantile(histogram, share) ?? NaN) - value) < 1e-9, `${share}`);
  about(0.15, 0.05);
  about(0.55, 0.3);
  assert.equal(quantile(histogram, 0.95), 1, "nothing is known above the last bound");
  assert.equal(quantile({ bounds: [], counts: [], sum: 0, count: 0 }, 0.5), undefined);
  assert.deepEqual(filledPart({ bounds: [1, 2, 3, 4, 5, Infinity], counts: [0, 0, 0, 4, 0, 0], sum: 0, count: 4 }), { bounds: [3, 4, 5], counts: [0, 4, 0] });
  assert.deepEqual(filledPart({ bounds: [1], counts: [0], sum: 0, count: 0 }), { bounds: [], counts: [] });
});

test("snapshots and what changed between them", () => {
  const now = snapshotOf(parseMetrics(TEXT), 5000);
  assert.deepEqual([now.running, now.generatedTokens, now.residentBytes, now.waiting], [3, 30, 1e8, 0]);
  assert.deepEqual(now.models.map((model) => [model.name, model.isLoaded, model.running]), [["two", true, 1], ["three", false, 0]]);
  const later = { ...now, atMs: 7000, generatedTokens: 70 };
  const restarted = { ...now, atMs: 9000, generatedTokens: 3 };
  assert.deepEqual(ratesOf([now, later, restarted], "generatedTokens"), [{ atMs: 7000, value: 20 }, { atMs: 9000, value: 0 }]);
  assert.deepEqual(ratesOf([now], "generatedTokens"), []);
});
