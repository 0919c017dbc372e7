// Prometheus' text format, version 0.0.4, as the server writes it.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:\\.|[^"\\])*)"/g;

function numberOf(text: string): number {
  if (text === "+Inf" || text === "inf") return Infinity;
  return text === "-Inf" || text === "-inf" ? -Infinity : Number(text);
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(LABEL)) {
    if (name && value !== undefined) labels[name] = value.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
  }
  return labels;
}

/** Lines that are none of the format are passed over. */
export function parseMetrics(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split("\n")) {
    const match = line.startsWith("#") ? null : LINE.exec(line);
    if (match?.[1] && match[3]) samples.push({ name: match[1], labels: labelsOf(match[2] ?? ""), value: numberOf(match[3]) });
  }
  return samples;
}
