import assert from "node:assert/strict";
import { test } from "node:test";
import { EventStreamParser } from "./event_stream.ts";

const STREAM = ': a remark\r\ndata: {"a":1}\r\n\r\nevent: x\rdata:two\rdata: lines\r\rid: 4\n\ndata: [DONE]\n\ndata: cut off';
const EVENTS = ['{"a":1}', "two\nlines", "[DONE]"];

test("events, however the stream is cut", () => {
  for (let size = 1; size <= STREAM.length; size++) {
    const parser = new EventStreamParser();
    const found: string[] = [];
    for (let i = 0; i < STREAM.length; i += size) found.push(...parser.push(STREAM.slice(i, i + size)));
    assert.deepEqual(found, EVENTS, `pieces of ${size}`);
  }
});
