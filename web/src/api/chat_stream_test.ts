import assert from "node:assert/strict";
import { test } from "node:test";
import { readChunk } from "./chat_stream.ts";
import { explain, messageIn, ServerError } from "./server_error.ts";

test("what a chunk says", () => {
  assert.deepEqual(readChunk('{"choices":[{"delta":{"role":"assistant","content":""},"finish_reason":null}]}'), []);
  assert.deepEqual(readChunk('{"choices":[{"delta":{"reasoning_content":"hm","content":"a"},"finish_reason":"length"}]}'), [
    { kind: "thoughts", text: "hm" }, { kind: "text", text: "a" }, { kind: "end", reason: "length" },
  ]);
  assert.deepEqual(readChunk('{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}'), [
    { kind: "usage", usage: { promptTokens: 9, cachedTokens: 4, answerTokens: 2 } },
  ]);
  assert.throws(() => readChunk('{"error":{"message":"no"}}'), ServerError);
});

test("messages of every dialect's errors", () => {
  assert.equal(messageIn('{"error":"plain"}'), "plain");
  assert.equal(messageIn('{"error":{"message":"inner"}}'), "inner");
  assert.equal(messageIn("<html>a proxy's page</html>"), "");
  assert.equal(messageIn("text"), "text");
});

test("errors in words", () => {
  assert.match(explain(new ServerError(0, "x")).detail, /still running/);
  assert.equal(explain(new ServerError(401, "x")).needsKey, true);
  assert.match(explain(new ServerError(429, "slow", 3)).detail, /^slow Try again in 3 s\.$/);
  assert.equal(explain(new Error("odd")).detail, "odd");
});
