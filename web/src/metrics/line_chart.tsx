// Lines over time, the newest at the right.
import { niceCeiling } from "../elements/nice_scale.ts";
import { useWidth } from "../elements/use_width.ts";
import { formatSeconds } from "../format_quantity.ts";
import { SHOWN_MS } from "./follow_metrics.ts";

export interface Line {
  name: string;
  points: { atMs: number; value: number }[];
}

interface LineChartProps {
  title: string;
  lines: Line[];
  /** Of the value axis, at least. */
  maximum?: number;
  isFilled?: boolean;
  format: (value: number) => string;
}

const HEIGHT = 150;
const TOP = 8;
const BOTTOM = 20;
const LEFT = 44;
const SHORTEST_MS = 30_000; // of the time axis

export function LineChart({ title, lines, maximum = 0, isFilled, format }: LineChartProps) {
  const { element, width } = useWidth<HTMLDivElement>(320);
  const values = lines.flatMap((line) => line.points.map((point) => point.value));
  const top = niceCeiling(Math.max(maximum, ...values));
  const now = Math.max(0, ...lines.flatMap((line) => line.points.map((point) => point.atMs)));
  const first = Math.min(now, ...lines.flatMap((line) => line.points.map((point) => point.atMs)));
  const span = Math.min(SHOWN_MS, Math.max(SHORTEST_MS, now - first));
  const since = formatSeconds(Math.round(span / 1000));
  const x = (atMs: number) => LEFT + (width - LEFT - 4) * (1 - (now - atMs) / span);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const latest = lines.map((line) => `${line.name}: ${format(line.points.at(-1)?.value ?? 0)}`);
  return (
    <figure class="panel chart-panel">
      <figcaption>
        <h2>{title}</h2>
        <ul class="legend">{latest.map((text, i) => <li key={i} class={`series-${i}`}>{text}</li>)}</ul>
      </figcaption>
      <div ref={element} class="drawing">
        <svg width={width} height={HEIGHT} role="img" aria-label={`${title} over the last ${since}. Now ${latest.join(", ")}.`}>
          {[0, 0.5, 1].map((share) => (
            <g key={share}>
              <line class="grid" x1={LEFT} x2={width} y1={y(share * top)} y2={y(share * top)} />
              <text x={LEFT - 6} y={y(share * top) + 4} text-anchor="end">{format(share * top)}</text>
            </g>
          ))}
          <text x={LEFT} y={HEIGHT - 3}>{since} ago</text>
          <text x={width - 2} y={HEIGHT - 3} text-anchor="end">now</text>
          {lines.map((line, i) => {
            const shown = line.points.filter((point) => point.atMs >= now - span);
            const points = shown.map((point) => `${x(point.atMs).toFixed(1)},${y(point.value).toFixed(1)}`);
            const start = shown[0];
            if (!start) return null;
            return (
              <g key={line.name} class={`series-${i}`}>
                {isFilled && <polygon points={[`${x(start.atMs).toFixed(1)},${y(0)}`, ...points, `${x(now).toFixed(1)},${y(0)}`].join(" ")} />}
                <polyline points={points.join(" ")} />
              </g>
            );
          })}
        </svg>
      </div>
    </figure>
  );
}
