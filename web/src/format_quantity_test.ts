import assert from "node:assert/strict";
import { test } from "node:test";
import { formatBytes, formatCount, formatRate, formatSeconds, formatShare, formatSignificant, formatWhole } from "./format_quantity.ts";

test("quantities", () => {
  assert.deepEqual([0, 999, 999.6, 98362432, 2.47e9].map(formatBytes), ["0 B", "999 B", "1 kB", "98.4 MB", "2.47 GB"]);
  assert.deepEqual([7, 134515008, 1.24e9].map(formatCount), ["7", "135 M", "1.24 G"]);
  assert.deepEqual([0.0123, 0.9996, 12.34, 75].map(formatSeconds), ["12.3 ms", "1 s", "12.3 s", "1 min 15 s"]);
  assert.deepEqual([0, 0.051613, 1.5e-7, 1234].map(formatSignificant), ["0", "0.0516", "1.5e-7", "1234"]);
  assert.deepEqual([0.8696, 0.9989, 1].map(formatShare), ["87 %", "99.9 %", "100 %"]);
  assert.deepEqual([23.456, 1234.5].map(formatRate), ["23.5", "1235"]);
  assert.equal(formatWhole(8192), "8,192");
});
