// One model: what it is, and what its card measured.
import type { CardSummary, ModelEntry } from "../api/models.ts";
import { formatBytes, formatCount, formatRate, formatShare, formatSignificant, formatWhole } from "../format_quantity.ts";

interface Fact {
  name: string;
  value: string;
}

/** A fact where the value is known. */
function fact(name: string, value: number | string | null | undefined, format: (value: never) => string = String): Fact[] {
  return value == null || value === "" ? [] : [{ name, value: format(value as never) }];
}

function modelFacts(entry: ModelEntry): Fact[] {
  return [
    ...fact("Size", entry.bytes, formatBytes),
    ...fact("Bits per weight", entry.bits_per_weight, (bits: number) => bits.toFixed(2)),
    ...fact("Weights", entry.weights, formatCount),
    ...fact("Context", entry.context, (tokens: number) => `${formatWhole(tokens)} tokens`),
    ...fact("Architecture", entry.architecture),
    ...fact("In memory", entry.memory_bytes, formatBytes),
  ];
}

function cardFacts(card: CardSummary): Fact[] {
  const error = card.mean_kl_error == null ? "" : ` ± ${formatSignificant(card.mean_kl_error)}`;
  const before = card.reference_perplexity == null ? "" : ` (source ${card.reference_perplexity.toFixed(2)})`;
  return [
    ...fact("Type", card.type, (type: string) => type + (card.quantizer ? `, ${card.quantizer}` : "")),
    ...fact("Mean KL", card.mean_kl, (value: number) => `${formatSignificant(value)}${error} nats`),
    ...fact("99 % KL", card.kl_99, (value: number) => `${formatSignificant(value)} nats`),
    ...fact("Same top token", card.top_agreement, formatShare),
    ...fact("Perplexity", card.perplexity, (value: number) => value.toFixed(2) + before),
    ...fact("Mean cosine", card.mean_cosine, formatSignificant),
    ...fact("Signal to noise", card.signal_to_noise_db, (value: number) => `${value.toFixed(1)} dB`),
    ...fact("Measured speed", card.tokens_per_second, (value: number) => `${formatRate(value)} tokens/s`),
    ...fact("License", card.license),
  ];
}

function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl class="facts">
      {facts.map(({ name, value }) => (
        <div key={name}><dt>{name}</dt><dd>{value}</dd></div>
      ))}
    </dl>
  );
}

export function ModelCard({ entry }: { entry: ModelEntry }) {
  const { card } = entry;
  const missing = entry.card_problem ?? (card ? card.behaviour_missing : "No quality card lies beside this model.");
  return (
    <article class="panel card" aria-label={entry.name}>
      <header>
        <h3>{entry.name}</h3>
        <span class={entry.loaded ? "badge on" : "badge"}>{entry.loaded ? "in memory" : "on disk"}</span>
      </header>
      {entry.problem && <p class="problem">{entry.problem}</p>}
      <Facts facts={modelFacts(entry)} />
      {card && <Facts facts={cardFacts(card)} />}
      {missing && <p class="note">{missing}</p>}
    </article>
  );
}
