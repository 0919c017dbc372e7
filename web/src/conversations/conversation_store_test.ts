import assert from "node:assert/strict";
import { test } from "node:test";
import { newConversation } from "./conversation.ts";
import { ConversationStore, type KeyedTexts } from "./conversation_store.ts";

class Texts implements KeyedTexts {
  readonly texts = new Map<string, string>();
  room = Infinity;
  get length() { return this.texts.size; }
  key(index: number) { return [...this.texts.keys()][index] ?? null; }
  getItem(name: string) { return this.texts.get(name) ?? null; }
  removeItem(name: string) { this.texts.delete(name); }
  setItem(name: string, text: string) {
    if (text.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.texts.set(name, text);
  }
}

test("what was put is there again, newest first", () => {
  const texts = new Texts();
  const store = new ConversationStore(texts);
  const [first, second] = [newConversation(1), newConversation(2)];
  store.put(second);
  store.put(first);
  store.put({ ...first, title: "grows", changedAt: 3 }, { keep: false });
  assert.equal(store.list.value[0]?.title, "grows");
  assert.deepEqual(new ConversationStore(texts).list.value, [second, first]);
  store.remove(second.id);
  assert.deepEqual(new ConversationStore(texts).list.value.map((each) => each.id), [first.id]);
});

test("what is no conversation is passed over", () => {
  const texts = new Texts();
  for (const [i, text] of ["{", "null", "[]", '{"id":1}', '{"id":"a","title":"t","changedAt":1}'].entries()) texts.setItem(`adze.conversation.${i}`, text);
  texts.setItem("other", JSON.stringify(newConversation(1)));
  assert.deepEqual(new ConversationStore(texts).list.value, []);
});

test("a full storage is said, and the conversation stays on the page", () => {
  const texts = new Texts();
  const store = new ConversationStore(texts);
  texts.room = 0;
  const conversation = newConversation(1);
  store.put(conversation);
  assert.match(store.problem.value, /no room left/);
  assert.equal(store.find(conversation.id), conversation);
  texts.room = Infinity;
  store.put(conversation);
  assert.equal(store.problem.value, "");
});

test("other tabs' changes come in, this one's stay", () => {
  const texts = new Texts();
  const [mine, other] = [new ConversationStore(texts), new ConversationStore(texts)];
  const growing = newConversation(1);
  mine.put(growing);
  mine.put({ ...growing, title: "longer" }, { keep: false });
  other.put(newConversation(5));
  mine.reload(new Set([growing.id]));
  assert.deepEqual(mine.list.value.map((each) => each.title), ["New conversation", "longer"]);
});
