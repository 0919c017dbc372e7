// A chat completion as it comes.
import { eventsOf } from "./event_stream.ts";
import { postJson } from "./server.ts";
import { ServerError } from "./server_error.ts";

export interface ChatTurn {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface ChatRequest {
  model: string;
  messages: ChatTurn[];
  [sampling: string]: unknown;
}

export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  answerTokens: number;
}

export type ChatEvent =
  | { kind: "text"; text: string }
  | { kind: "thoughts"; text: string }
  | { kind: "end"; reason: string }
  | { kind: "usage"; usage: Usage };

interface Chunk {
  error?: { message?: string };
  choices?: { delta?: { content?: string; reasoning_content?: string }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details?: { cached_tokens?: number } } | null;
}

/** What one event says. Throws ServerError for an error in the midst of an answer. */
export function readChunk(data: string): ChatEvent[] {
  const chunk = JSON.parse(data) as Chunk;
  if (chunk.error) throw new ServerError(500, chunk.error.message ?? "the answer broke off");
  const events: ChatEvent[] = [];
  for (const choice of chunk.choices ?? []) {
    if (choice.delta?.reasoning_content) events.push({ kind: "thoughts", text: choice.delta.reasoning_content });
    if (choice.delta?.content) events.push({ kind: "text", text: choice.delta.content });
    if (choice.finish_reason) events.push({ kind: "end", reason: choice.finish_reason });
  }
  if (chunk.usage) {
    const cachedTokens = chunk.usage.prompt_tokens_details?.cached_tokens ?? 0;
    const usage = { promptTokens: chunk.usage.prompt_tokens, cachedTokens, answerTokens: chunk.usage.completion_tokens };
    events.push({ kind: "usage", usage });
  }
  return events;
}

/** Throws ServerError, also when the connection breaks before the end; an abort throws as fetch does. */
export async function* streamChat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const body = { ...request, stream: true, stream_options: { include_usage: true } };
  const response = await postJson("/v1/chat/completions", body, signal);
  if (!response.body) throw new ServerError(0, "the answer has no body");
  try {
    for await (const data of eventsOf(response.body)) {
      if (data === "[DONE]") return;
      yield* readChunk(data);
    }
  } catch (error) {
    if (error instanceof ServerError || signal.aborted) throw error;
  }
  throw new ServerError(0, "the connection broke in the midst of the answer");
}
