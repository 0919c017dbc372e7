// Quality against size: lower is closer to the source, further left is smaller. The line joins those that nothing beats.
import { logTicks, niceCeiling } from "../elements/nice_scale.ts";
import { useWidth } from "../elements/use_width.ts";
import { formatBytes, formatSignificant } from "../format_quantity.ts";
import { frontOf, shortNames, type QualityGroup, type QualityPoint } from "./quality_points.ts";

const HEIGHT = 320;
const LEFT = 58;
const RIGHT = 18;
const TOP = 14;
const BOTTOM = 44;
const LABEL_CHARACTER = 9; // pixels, at most
const LABEL_LINE = 15;
const SMALLEST_KL = 1e-6; // of the axis: 0 has no logarithm

interface Scale {
  x: (bytes: number) => number;
  y: (divergence: number) => number;
  xTicks: number[];
  yTicks: number[];
}

function scaleOf(points: readonly QualityPoint[], width: number): Scale {
  const sizes = points.map((point) => point.bytes);
  const span = Math.max(Math.max(...sizes) - Math.min(...sizes), Math.max(...sizes) * 0.1);
  const step = niceCeiling(span / (width < 480 ? 3 : 6));
  const low = Math.floor((Math.min(...sizes) - span * 0.05) / step) * step;
  const high = Math.ceil((Math.max(...sizes) + span * 0.05) / step) * step;
  const values = points.map((point) => Math.max(point.divergence, SMALLEST_KL));
  const bottom = Math.min(...values) / 1.6;
  const top = Math.max(...values) * 1.6;
  const logSpan = Math.log(top / bottom);
  return {
    x: (bytes) => LEFT + ((width - LEFT - RIGHT) * (bytes - low)) / (high - low),
    y: (divergence) => TOP + ((HEIGHT - TOP - BOTTOM) * Math.log(top / Math.max(divergence, SMALLEST_KL))) / logSpan,
    xTicks: Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step),
    yTicks: logTicks(bottom, top),
  };
}

interface Label {
  text: string;
  x: number;
  y: number;
  anchor: "start" | "end";
}

/** Beside the points, on the side with room, moved down where another one is. */
function labelsOf(points: readonly QualityPoint[], scale: Scale, width: number): Label[] {
  const placed: (Label & { from: number; to: number })[] = [];
  const names = shortNames(points.map((point) => point.name));
  const named = points.map((point, i) => ({ point, text: names[i] ?? point.name }));
  named.sort((a, b) => scale.y(a.point.divergence) - scale.y(b.point.divergence));
  for (const { point, text } of named) {
    const length = text.length * LABEL_CHARACTER;
    const at = scale.x(point.bytes);
    const isRight = at + 10 + length < width;
    const from = isRight ? at + 10 : Math.max(0, at - 10 - length);
    const to = from + length;
    let y = scale.y(point.divergence) + 4;
    const hits = () => placed.some((other) => other.from < to && from < other.to && Math.abs(other.y - y) < LABEL_LINE);
    while (hits()) y += 2;
    placed.push({ text, x: isRight ? at + 10 : at - 10, y, anchor: isRight ? "start" : "end", from, to });
  }
  return placed;
}

function Axes({ scale, width }: { scale: Scale; width: number }) {
  return (
    <g>
      {scale.yTicks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={LEFT} x2={width - RIGHT} y1={scale.y(tick)} y2={scale.y(tick)} />
          <text x={LEFT - 8} y={scale.y(tick) + 4} text-anchor="end">{formatSignificant(tick)}</text>
        </g>
      ))}
      {scale.xTicks.map((tick) => (
        <text key={tick} x={Math.min(scale.x(tick), width - 26)} y={HEIGHT - BOTTOM + 18} text-anchor="middle">{formatBytes(tick)}</text>
      ))}
      <line class="axis" x1={LEFT} x2={width - RIGHT} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
      <text x={LEFT} y={HEIGHT - 4}>← smaller</text>
      <text x={width - RIGHT} y={HEIGHT - 4} text-anchor="end">size of the file</text>
    </g>
  );
}

export function QualityChart({ group }: { group: QualityGroup }) {
  const { element, width } = useWidth<HTMLDivElement>(640);
  const { points } = group;
  const scale = scaleOf(points, width);
  const front = frontOf(points);
  const spoken = points.map((point) => `${point.name}: ${formatBytes(point.bytes)}, ${formatSignificant(point.divergence)}`).join("; ");
  return (
    <figure class="panel chart-panel">
      <figcaption>
        <h2>Quality against size</h2>
        <p class="note">Mean KL divergence from {group.source}, in nats, on {group.text}: lower is closer to the source. The line joins the models that no other beats in both.</p>
      </figcaption>
      <div ref={element} class="drawing">
        <svg width={width} height={HEIGHT} role="img" aria-label={`Divergence by size. ${spoken}.`}>
          <Axes scale={scale} width={width} />
          <polyline class="front" points={front.map((point) => `${scale.x(point.bytes).toFixed(1)},${scale.y(point.divergence).toFixed(1)}`).join(" ")} />
          {points.map((point) => (
            <g key={point.name} class={front.includes(point) ? "point best" : "point"}>
              {point.error > 0 && (
                <line class="whisker" x1={scale.x(point.bytes)} x2={scale.x(point.bytes)}
                  y1={scale.y(point.divergence + point.error)} y2={scale.y(Math.max(point.divergence - point.error, SMALLEST_KL))} />
              )}
              <circle cx={scale.x(point.bytes)} cy={scale.y(point.divergence)} r={5.5}>
                <title>{`${point.name}: ${formatBytes(point.bytes)}, KL ${formatSignificant(point.divergence)} ± ${formatSignificant(point.error)}`}</title>
              </circle>
            </g>
          ))}
          {labelsOf(points, scale, width).map(({ text, x, y, anchor }) => (
            <text key={text} class="strong" x={x} y={y} text-anchor={anchor}>{text}</text>
          ))}
        </svg>
      </div>
    </figure>
  );
}
