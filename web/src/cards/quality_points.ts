// Which models can be compared by the divergence that their cards measured, and which of them nothing beats.
import type { ModelEntry } from "../api/models.ts";

export interface QualityPoint {
  name: string;
  bytes: number;
  divergence: number; // mean KL from the source, nats
  error: number; // its standard error
}

/** Models made from one source: divergences from different ones cannot be compared. */
export interface QualityGroup {
  source: string;
  text: string;
  points: QualityPoint[];
}

function pointOf(entry: ModelEntry): QualityPoint | undefined {
  const divergence = entry.card?.mean_kl;
  if (divergence == null || divergence < 0 || entry.bytes <= 0) return undefined;
  return { name: entry.name, bytes: entry.bytes, divergence, error: entry.card?.mean_kl_error ?? 0 };
}

/** The smallest file first in each group; the largest group first. */
export function groupsOf(entries: readonly ModelEntry[]): QualityGroup[] {
  const groups = new Map<string, QualityGroup>();
  for (const entry of entries) {
    const point = pointOf(entry);
    if (!point) continue;
    const source = entry.card?.source ?? "an unknown source";
    const text = entry.card?.text ?? "an unknown text";
    const key = `${source}\n${text}`;
    const group = groups.get(key) ?? { source, text, points: [] };
    group.points.push(point);
    groups.set(key, group);
  }
  const found = [...groups.values()];
  for (const group of found) group.points.sort((a, b) => a.bytes - b.bytes);
  return found.sort((a, b) => b.points.length - a.points.length);
}

/** Names without what all of them begin with, up to a separator: labels have little room. */
export function shortNames(names: readonly string[]): string[] {
  const [first = "", ...others] = names;
  let shared = others.length > 0 ? first.length : 0;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, shared))) shared -= 1;
  }
  const start = Math.max(...["-", "_", ".", " ", "/"].map((separator) => first.slice(0, shared).lastIndexOf(separator))) + 1;
  return names.map((name) => name.slice(start));
}

/** The points than which none is both smaller and closer to the source. REQUIRES: ascending sizes. */
export function frontOf(points: readonly QualityPoint[]): QualityPoint[] {
  const front: QualityPoint[] = [];
  for (const point of points) {
    const last = front.at(-1);
    if (!last || point.divergence < last.divergence) {
      if (last && last.bytes === point.bytes) front.pop();
      front.push(point);
    }
  }
  return front;
}
