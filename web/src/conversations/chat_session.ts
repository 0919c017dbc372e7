// What goes on in the chat: which conversation is shown, which answers are on their way. Views only show it.
import { streamChat, type ChatEvent } from "../api/chat_stream.ts";
import { explain } from "../api/server_error.ts";
import { Observable } from "../observable.ts";
import { AnswerClock } from "./answer_clock.ts";
import { newConversation, newId, turnsOf, upTo, withMessage, type Conversation, type Message } from "./conversation.ts";
import type { ConversationStore } from "./conversation_store.ts";

const CURRENT = "adze.current";
const KEEP_EVERY_MS = 1000; // while an answer grows

export class ChatSession {
  readonly current: Observable<Conversation>;
  /** Conversations whose answers are on their way. */
  readonly answering = new Observable<ReadonlySet<string>>(new Set());
  /** What a screen reader says. */
  readonly announcement = new Observable("");
  readonly #aborts = new Map<string, AbortController>();

  constructor(readonly store: ConversationStore) {
    const kept = store.find(sessionStorage.getItem(CURRENT) ?? "") ?? store.list.value[0];
    this.current = new Observable(kept ?? newConversation(Date.now()));
    store.list.follow(() => {
      const changed = store.find(this.current.value.id);
      if (changed) this.current.value = changed;
    });
    addEventListener("storage", () => store.reload(this.answering.value));
  }

  open(conversation: Conversation): void {
    this.current.value = conversation;
    sessionStorage.setItem(CURRENT, conversation.id);
  }

  /** An empty one, which is kept once something is said. */
  openNew(): void {
    this.open(newConversation(Date.now(), this.current.value));
  }

  remove(id: string): void {
    this.stop(id);
    this.#aborts.delete(id); // what still comes does not bring it back
    this.store.remove(id);
    if (this.current.value.id === id) this.open(this.store.list.value[0] ?? newConversation(Date.now(), this.current.value));
  }

  /** Model, system prompt, sampling or title. */
  change(changes: Partial<Conversation>): void {
    const changed = { ...this.current.value, ...changes };
    this.current.value = changed;
    if (this.store.find(changed.id)) this.store.put(changed);
  }

  say(text: string): void {
    this.#askWith(this.current.value, { id: newId(), role: "user", text });
  }

  /** The question in other words; what followed is gone. */
  sayInstead(message: Message, text: string): void {
    this.#askWith(upTo(this.current.value, message.id), { id: newId(), role: "user", text });
  }

  /** Another answer to the same question. */
  answerAgain(message: Message): void {
    void this.#answer(upTo(this.current.value, message.id));
  }

  stop(id = this.current.value.id): void {
    this.#aborts.get(id)?.abort();
  }

  #askWith(conversation: Conversation, question: Message): void {
    const asked = withMessage(conversation, question, Date.now());
    this.store.put(asked);
    this.open(asked);
    void this.#answer(asked);
  }

  async #answer(conversation: Conversation): Promise<void> {
    if (this.#aborts.has(conversation.id)) return;
    const abort = new AbortController();
    this.#aborts.set(conversation.id, abort);
    this.answering.value = new Set(this.#aborts.keys());
    this.announcement.value = "The answer is on its way.";
    let answer: Message = { id: newId(), role: "assistant", text: "", model: conversation.model };
    this.#show(conversation, answer, true);
    try {
      answer = await this.#receive(conversation, answer, abort.signal);
    } finally {
      this.#aborts.delete(conversation.id);
      this.answering.value = new Set(this.#aborts.keys());
    }
    this.#show(conversation, answer, true);
    this.announcement.value = answer.problem ?? `${answer.text.slice(0, 2000)} — end of the answer.`;
  }

  /** The answer as far as it came. */
  async #receive(conversation: Conversation, begun: Message, signal: AbortSignal): Promise<Message> {
    const clock = new AnswerClock(performance.now());
    let answer = begun;
    let keptAt = performance.now();
    let frame = 0; // of the screen, in which what came is drawn at once
    const request = { model: conversation.model, messages: turnsOf(conversation), ...conversation.sampling };
    try {
      for await (const event of streamChat(request, signal)) {
        answer = grown(answer, event, clock);
        const keep = performance.now() - keptAt > KEEP_EVERY_MS;
        if (keep) keptAt = performance.now();
        if (keep) this.#show(conversation, answer, true);
        frame ||= requestAnimationFrame(() => {
          frame = 0;
          this.#show(conversation, answer, false);
        });
      }
      return { end: "complete", ...answer };
    } catch (error) {
      if (signal.aborted) return { ...answer, end: "stopped", ...clock.figures() };
      const { title, detail } = explain(error);
      return { ...answer, end: "failed", problem: `${title}. ${detail}` };
    } finally {
      cancelAnimationFrame(frame);
    }
  }

  /** Settings may have been changed, and the conversation deleted, while the answer came. */
  #show(asked: Conversation, answer: Message, keep: boolean): void {
    const latest = this.store.find(asked.id) ?? (this.#aborts.has(asked.id) ? asked : undefined);
    if (!latest) return;
    this.store.put(withMessage({ ...latest, messages: asked.messages }, answer, Date.now()), { keep });
  }
}

function grown(answer: Message, event: ChatEvent, clock: AnswerClock): Message {
  switch (event.kind) {
    case "text":
      clock.tick(performance.now());
      return { ...answer, text: answer.text + event.text };
    case "thoughts":
      clock.tick(performance.now());
      return { ...answer, thoughts: (answer.thoughts ?? "") + event.text };
    case "end":
      return { ...answer, end: event.reason === "length" ? "length" : "complete" };
    case "usage":
      return { ...answer, ...clock.figures(event.usage) };
  }
}
