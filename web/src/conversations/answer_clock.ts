// How fast an answer came.
import type { Usage } from "../api/chat_stream.ts";
import type { AnswerFigures } from "./conversation.ts";

export class AnswerClock {
  #firstMs: number | undefined;
  #lastMs = 0;
  #pieces = 0;

  constructor(private readonly askedMs: number) {}

  /** A piece of the answer is there. */
  tick(nowMs: number): void {
    this.#firstMs ??= nowMs;
    this.#lastMs = nowMs;
    this.#pieces += 1;
  }

  /** Without the server's own counts, which a stopped answer lacks, pieces are taken for tokens. */
  figures(usage?: Usage): { figures?: AnswerFigures } {
    if (this.#firstMs === undefined) return {};
    const counts = usage ?? { promptTokens: 0, cachedTokens: 0, answerTokens: this.#pieces };
    const seconds = (this.#lastMs - this.#firstMs) / 1000;
    // The first token's time is that of the prompt.
    const tokensPerSecond = seconds > 0 ? (counts.answerTokens - 1) / seconds : 0;
    return { figures: { ...counts, firstTokenSeconds: (this.#firstMs - this.askedMs) / 1000, tokensPerSecond } };
  }
}
