// Bars between bounds, with the median and the slowest twentieth in words.
import { useWidth } from "../elements/use_width.ts";
import { formatSeconds, formatWhole } from "../format_quantity.ts";
import { filledPart, quantile, type Histogram } from "./histogram.ts";

const HEIGHT = 150;
const BOTTOM = 24;
const TOP = 18;

export function HistogramChart({ title, histogram }: { title: string; histogram: Histogram }) {
  const { element, width } = useWidth<HTMLDivElement>(320);
  const { bounds, counts } = filledPart(histogram);
  const most = Math.max(1, ...counts);
  const step = width / Math.max(1, counts.length);
  const median = quantile(histogram, 0.5);
  const slow = quantile(histogram, 0.95);
  const summary = median === undefined || slow === undefined
    ? "nothing yet"
    : `half within ${formatSeconds(median)}, 95 % within ${formatSeconds(slow)}`;
  const label = (bound: number | undefined) => (bound === undefined ? "" : Number.isFinite(bound) ? `≤ ${formatSeconds(bound)}` : "more");
  // On narrow pages every second bound is written.
  const every = Math.ceil((counts.length * 62) / Math.max(1, width));
  return (
    <figure class="panel chart-panel">
      <figcaption>
        <h2>{title}</h2>
        <p class="legend">{summary}</p>
      </figcaption>
      <div ref={element} class="drawing">
        <svg width={width} height={HEIGHT} role="img" aria-label={`${title}, ${formatWhole(histogram.count)} in all: ${summary}.`}>
          <line class="grid" x1={0} x2={width} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
          {counts.map((count, i) => {
            const height = ((HEIGHT - TOP - BOTTOM) * count) / most;
            return (
              <g key={bounds[i]} class="series-0">
                {count > 0 && <rect x={i * step + step * 0.12} y={HEIGHT - BOTTOM - height} width={step * 0.76} height={Math.max(1, height)} rx={Math.min(3, height / 2)} />}
                {count > 0 && <text x={(i + 0.5) * step} y={HEIGHT - BOTTOM - height - 5} text-anchor="middle">{formatWhole(count)}</text>}
                {i % every === 0 && <text class="faint" x={(i + 0.5) * step} y={HEIGHT - BOTTOM + 16} text-anchor="middle">{label(bounds[i])}</text>}
              </g>
            );
          })}
          {counts.length === 0 && <text x={width / 2} y={HEIGHT / 2} text-anchor="middle">No answers yet</text>}
        </svg>
      </div>
    </figure>
  );
}
