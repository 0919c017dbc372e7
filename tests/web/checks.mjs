// Cases, and the sum of what they found.
import assert from "node:assert/strict";

const cases = [];

export function test(name, body) {
  cases.push({ name, body });
}

/** Runs all, each to its end or its first failure; the last line is the sum. */
export async function run(only) {
  let failed = 0;
  const chosen = cases.filter(({ name }) => !only || name.includes(only));
  for (const { name, body } of chosen) {
    try {
      await body();
    } catch (error) {
      failed += 1;
      console.log(`${name}: ${error.message}\n${error.stack?.split("\n").slice(1, 5).join("\n")}`);
    }
  }
  console.log(`${chosen.length - failed} passed, ${failed} failed, 0 skipped`);
  return failed;
}

/** Waits until the value is as it should be. */
export async function eventually(find, holds, what) {
  let found;
  for (let i = 0; i < 300; i++) {
    found = await find();
    if (holds(found)) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.fail(`${what}: ${JSON.stringify(found)}`);
}
