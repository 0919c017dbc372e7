// The conversations of this browser, kept across reloads: each under a name of its own, so that tabs do not overwrite
// each other's.
import { Observable } from "../observable.ts";
import type { Conversation } from "./conversation.ts";

const PREFIX = "adze.conversation.";

/** What the store uses of the browser's Storage. */
export type KeyedTexts = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

function isConversation(value: unknown): value is Conversation {
  if (typeof value !== "object" || value === null) return false;
  const { id, title, messages, changedAt } = value as Record<string, unknown>;
  return typeof id === "string" && typeof title === "string" && typeof changedAt === "number" && Array.isArray(messages);
}

function parse(text: string | null): Conversation | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isConversation(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export class ConversationStore {
  /** Newest first. */
  readonly list: Observable<readonly Conversation[]>;
  /** Why the last write did not reach the storage. */
  readonly problem = new Observable("");

  constructor(private readonly storage: KeyedTexts) {
    this.list = new Observable(this.#read());
  }

  find(id: string): Conversation | undefined {
    return this.list.value.find((each) => each.id === id);
  }

  /** Shown at once; `keep: false` leaves the storage as it is, for answers that still grow. */
  put(conversation: Conversation, { keep = true } = {}): void {
    const others = this.list.value.filter((each) => each.id !== conversation.id);
    this.list.value = [conversation, ...others].sort((a, b) => b.changedAt - a.changedAt);
    if (!keep) return;
    try {
      this.storage.setItem(PREFIX + conversation.id, JSON.stringify(conversation));
      this.problem.value = "";
    } catch {
      this.problem.value = "This browser has no room left for conversations. Delete old ones to keep new ones.";
    }
  }

  remove(id: string): void {
    this.list.value = this.list.value.filter((each) => each.id !== id);
    this.storage.removeItem(PREFIX + id);
    this.problem.value = "";
  }

  /** After another tab wrote; `mine` are conversations that this tab is changing. */
  reload(mine: ReadonlySet<string>): void {
    const kept = this.list.value.filter((each) => mine.has(each.id));
    const read = this.#read().filter((each) => !mine.has(each.id));
    this.list.value = [...kept, ...read].sort((a, b) => b.changedAt - a.changedAt);
  }

  #read(): Conversation[] {
    const found: Conversation[] = [];
    for (let i = 0; i < this.storage.length; i++) {
      const key = this.storage.key(i);
      const conversation = key?.startsWith(PREFIX) ? parse(this.storage.getItem(key)) : undefined;
      if (conversation) found.push(conversation);
    }
    return found.sort((a, b) => b.changedAt - a.changedAt);
  }
}
