// The models that the server knows.
import { getJson } from "./server.ts";

/** Of /models/cards; what is not known is absent or null. */
export interface ModelEntry {
  name: string;
  bytes: number;
  loaded: boolean;
  generates?: boolean;
  context?: number;
  memory_bytes?: number;
  architecture?: string;
  format?: string;
  weights?: number;
  bits_per_weight?: number;
  card: CardSummary | null;
  card_problem?: string;
  problem?: string;
}

export interface CardSummary {
  model?: string | null;
  license?: string | null;
  source?: string | null;
  source_tensor_bytes?: number | null;
  type?: string | null;
  quantizer?: string | null;
  signal_to_noise_db?: number | null;
  behaviour_missing?: string | null;
  text?: string | null;
  scored_tokens?: number | null;
  mean_kl?: number | null;
  mean_kl_error?: number | null;
  kl_99?: number | null;
  perplexity?: number | null;
  reference_perplexity?: number | null;
  top_agreement?: number | null;
  mean_cosine?: number | null;
  tokens_per_second?: number | null;
  memory_bytes?: number | null;
}

export async function listModels(signal?: AbortSignal): Promise<ModelEntry[]> {
  const document = (await getJson("/models/cards", signal)) as { models: ModelEntry[] };
  return document.models;
}
