// What the server's metrics say at one time, and what changed between two.
import { histogramOf, type Histogram } from "./histogram.ts";
import type { Sample } from "./prometheus_text.ts";

export interface ModelFigures {
  name: string;
  isLoaded: boolean;
  running: number;
  waiting: number;
  finished: number;
  generatedTokens: number;
}

export interface Snapshot {
  atMs: number;
  running: number;
  waiting: number;
  pages: number;
  usedPages: number;
  keptPages: number;
  promptTokens: number;
  reusedTokens: number;
  generatedTokens: number;
  finished: number;
  failed: number;
  cancelled: number;
  residentBytes: number;
  firstToken: Histogram;
  token: Histogram;
  models: ModelFigures[];
}

function modelsOf(samples: readonly Sample[]): ModelFigures[] {
  const value = (name: string, model: string) =>
    samples.find((sample) => sample.name === name && sample.labels.model === model)?.value ?? 0;
  return samples
    .filter((sample) => sample.name === "adze_model_loaded")
    .map(({ labels, value: loaded }) => {
      const name = labels.model ?? "";
      return {
        name,
        isLoaded: loaded > 0,
        running: value("adze_requests_running", name),
        waiting: value("adze_requests_waiting", name),
        finished: value("adze_requests_finished_total", name),
        generatedTokens: value("adze_generated_tokens_total", name),
      };
    });
}

export function snapshotOf(samples: readonly Sample[], atMs: number): Snapshot {
  const total = (name: string) =>
    samples.reduce((sum, sample) => (sample.name === name ? sum + sample.value : sum), 0);
  return {
    atMs,
    running: total("adze_requests_running"),
    waiting: total("adze_requests_waiting"),
    pages: total("adze_cache_pages"),
    usedPages: total("adze_cache_pages_used"),
    keptPages: total("adze_cache_pages_kept"),
    promptTokens: total("adze_prompt_tokens_total"),
    reusedTokens: total("adze_prompt_tokens_reused_total"),
    generatedTokens: total("adze_generated_tokens_total"),
    finished: total("adze_requests_finished_total"),
    failed: total("adze_requests_failed_total"),
    cancelled: total("adze_requests_cancelled_total"),
    residentBytes: total("adze_resident_bytes"),
    firstToken: histogramOf(samples, "adze_first_token_seconds"),
    token: histogramOf(samples, "adze_token_seconds"),
    models: modelsOf(samples),
  };
}

type Counter = "promptTokens" | "reusedTokens" | "generatedTokens";

/** How fast a count grew between each two; a server that began anew counts from 0. */
export function ratesOf(history: readonly Snapshot[], counter: Counter): { atMs: number; value: number }[] {
  return history.slice(1).map((now, i) => {
    const before = history[i] ?? now;
    const seconds = (now.atMs - before.atMs) / 1000;
    const grown = now[counter] - before[counter];
    return { atMs: now.atMs, value: seconds > 0 ? Math.max(0, grown) / seconds : 0 };
  });
}
