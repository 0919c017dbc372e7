// Counts between bounds.
import type { Sample } from "./prometheus_text.ts";

export interface Histogram {
  /** Upper bounds, ascending; the last is Infinity. */
  bounds: number[];
  /** Of values up to the bound and above the one before. */
  counts: number[];
  sum: number;
  count: number;
}

/** Of all models together. */
export function histogramOf(samples: readonly Sample[], name: string): Histogram {
  const below = new Map<number, number>();
  let sum = 0;
  for (const sample of samples) {
    if (sample.name === `${name}_sum`) sum += sample.value;
    if (sample.name !== `${name}_bucket`) continue;
    const bound = sample.labels.le === "+Inf" ? Infinity : Number(sample.labels.le);
    below.set(bound, (below.get(bound) ?? 0) + sample.value);
  }
  const bounds = [...below.keys()].sort((a, b) => a - b);
  const counts = bounds.map((bound, i) => (below.get(bound) ?? 0) - (i > 0 ? (below.get(bounds[i - 1] ?? 0) ?? 0) : 0));
  return { bounds, counts, sum, count: counts.reduce((total, count) => total + count, 0) };
}

/** The value below which this share lies, as if values were spread evenly between bounds. */
export function quantile({ bounds, counts, count }: Histogram, share: number): number | undefined {
  if (count === 0) return undefined;
  let passed = 0;
  for (const [i, inside] of counts.entries()) {
    const low = i > 0 ? (bounds[i - 1] ?? 0) : 0;
    const high = bounds[i] ?? Infinity;
    if (passed + inside >= share * count && inside > 0) {
      if (!Number.isFinite(high)) return low;
      return low + ((high - low) * (share * count - passed)) / inside;
    }
    passed += inside;
  }
  return bounds.findLast(Number.isFinite);
}

/** From the first bar to the last that holds something, with one empty one at each side. */
export function filledPart({ bounds, counts }: Histogram): { bounds: number[]; counts: number[] } {
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return { bounds: [], counts: [] };
  const last = counts.findLastIndex((count) => count > 0);
  const start = Math.max(0, first - 1);
  const end = Math.min(bounds.length, last + 2);
  return { bounds: bounds.slice(start, end), counts: counts.slice(start, end) };
}
