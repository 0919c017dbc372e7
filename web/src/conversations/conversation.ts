// A conversation and what can be done to it. Nothing here changes in place.
import type { ChatTurn, Usage } from "../api/chat_stream.ts";
import type { Sampling } from "./sampling.ts";

export interface AnswerFigures extends Usage {
  firstTokenSeconds: number;
  tokensPerSecond: number;
}

/** How an answer came to its end: by itself, by a person, by the limit of its length, or by an error. */
export type AnswerEnd = "complete" | "stopped" | "length" | "failed";

export interface Message {
  id: string;
  role: "user" | "assistant";
  text: string;
  thoughts?: string;
  model?: string;
  end?: AnswerEnd;
  problem?: string;
  figures?: AnswerFigures;
}

export interface Conversation {
  id: string;
  title: string;
  createdAt: number; // milliseconds since 1970
  changedAt: number;
  model: string; // empty: the server's first
  systemPrompt: string;
  sampling: Sampling;
  messages: Message[];
}

export const UNTITLED = "New conversation";
const TITLE_CHARACTERS = 60;

export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(9));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Model, system prompt and sampling are those of `like`, which was used last. */
export function newConversation(now: number, like?: Conversation): Conversation {
  return {
    id: newId(),
    title: UNTITLED,
    createdAt: now,
    changedAt: now,
    model: like?.model ?? "",
    systemPrompt: like?.systemPrompt ?? "",
    sampling: like?.sampling ?? {},
    messages: [],
  };
}

/** The first line of what was asked first. */
export function titleOf(text: string): string {
  const line = text.trim().split("\n", 1)[0]?.replace(/\s+/g, " ").trim() ?? "";
  if (line === "") return UNTITLED;
  const characters = Array.from(line);
  if (characters.length <= TITLE_CHARACTERS) return line;
  return `${characters.slice(0, TITLE_CHARACTERS - 1).join("").trimEnd()}…`;
}

/** With the message at the end, or in place of the one with its id. */
export function withMessage(conversation: Conversation, message: Message, now: number): Conversation {
  const isNew = conversation.messages.every((each) => each.id !== message.id);
  const messages = isNew
    ? [...conversation.messages, message]
    : conversation.messages.map((each) => (each.id === message.id ? message : each));
  const isFirst = message.role === "user" && messages[0]?.id === message.id;
  return { ...conversation, messages, changedAt: now, title: isFirst ? titleOf(message.text) : conversation.title };
}

/** Without the message and all that follow. */
export function upTo(conversation: Conversation, messageId: string): Conversation {
  const index = conversation.messages.findIndex((each) => each.id === messageId);
  return index < 0 ? conversation : { ...conversation, messages: conversation.messages.slice(0, index) };
}

/** What the server is sent. Answers of which nothing came are left out. */
export function turnsOf(conversation: Conversation): ChatTurn[] {
  const turns: ChatTurn[] = [];
  if (conversation.systemPrompt.trim()) turns.push({ role: "system", content: conversation.systemPrompt });
  for (const message of conversation.messages) {
    if (message.role === "assistant" && message.text === "") continue;
    turns.push({ role: message.role, content: message.text });
  }
  return turns;
}

/** Tokens of the context that the last counted turn took; of stopped answers the server tells no counts. */
export function usedTokens(conversation: Conversation): number | undefined {
  const figures = conversation.messages.findLast((message) => message.figures?.promptTokens)?.figures;
  return figures && figures.promptTokens + figures.answerTokens;
}

/** The whole as Markdown, to be taken elsewhere. */
export function toMarkdown(conversation: Conversation): string {
  const parts = [`# ${conversation.title}`];
  if (conversation.systemPrompt.trim()) parts.push(`**System:** ${conversation.systemPrompt}`);
  for (const message of conversation.messages) {
    parts.push(`**${message.role === "user" ? "You" : (message.model ?? "Model")}:**\n\n${message.text}`);
  }
  return `${parts.join("\n\n")}\n`;
}
