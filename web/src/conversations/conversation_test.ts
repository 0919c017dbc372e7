import assert from "node:assert/strict";
import { test } from "node:test";
import { newConversation, titleOf, toMarkdown, turnsOf, UNTITLED, upTo, usedTokens, withMessage, type Message } from "./conversation.ts";

const question: Message = { id: "q", role: "user", text: "  What is it?\nTell me." };
const answer: Message = { id: "a", role: "assistant", text: "A bird.", model: "m" };

test("titles are the first line, not too long", () => {
  assert.equal(titleOf(question.text), "What is it?");
  assert.equal(titleOf(" \n "), UNTITLED);
  const long = titleOf("🐦".repeat(100));
  assert.equal(Array.from(long).length, 60);
  assert.ok(long.endsWith("🐦…"), "no half characters");
});

test("messages are added, replaced and taken away", () => {
  const empty = newConversation(1);
  const asked = withMessage(empty, question, 2);
  assert.deepEqual([asked.title, asked.changedAt, empty.messages.length], ["What is it?", 2, 0]);
  const answered = withMessage(withMessage(asked, answer, 3), { ...answer, text: "Two." }, 4);
  assert.deepEqual(answered.messages.map((message) => message.text), [question.text, "Two."]);
  assert.deepEqual(upTo(answered, "a").messages, [question]);
  assert.equal(upTo(answered, "none"), answered);
});

test("turns leave out what holds nothing", () => {
  const conversation = { ...newConversation(1), systemPrompt: "Be brief.", messages: [question, { ...answer, text: "", end: "failed" as const }] };
  assert.deepEqual(turnsOf(conversation), [{ role: "system", content: "Be brief." }, { role: "user", content: question.text }]);
  assert.deepEqual(turnsOf({ ...conversation, systemPrompt: " " })[0]?.role, "user");
});

test("the context is what the last counted answer took", () => {
  const figures = { promptTokens: 10, cachedTokens: 0, answerTokens: 5, firstTokenSeconds: 1, tokensPerSecond: 2 };
  const stopped = { ...answer, id: "b", figures: { ...figures, promptTokens: 0 } };
  assert.equal(usedTokens({ ...newConversation(1), messages: [{ ...answer, figures }, stopped] }), 15);
  assert.equal(usedTokens(newConversation(1)), undefined);
});

test("as Markdown", () => {
  const conversation = { ...newConversation(1), title: "T", messages: [question, answer] };
  assert.equal(toMarkdown(conversation), `# T\n\n**You:**\n\n${question.text}\n\n**m:**\n\nA bird.\n`);
});
