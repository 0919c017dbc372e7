// What the server is doing.
import { formatBytes, formatCount, formatRate, formatShare, formatWhole } from "../format_quantity.ts";
import { useMetrics } from "./follow_metrics.ts";
import { HistogramChart } from "./histogram_chart.tsx";
import { LineChart } from "./line_chart.tsx";
import { ratesOf, type ModelFigures, type Snapshot } from "./snapshot.ts";

function Tile({ name, value, note }: { name: string; value: string; note?: string }) {
  return (
    <div class="tile">
      <dt>{name}</dt>
      <dd>
        <b>{value}</b>
        {note && <span>{note}</span>}
      </dd>
    </div>
  );
}

function Tiles({ now, speed }: { now: Snapshot; speed: number }) {
  const reused = now.promptTokens > 0 ? now.reusedTokens / now.promptTokens : 0;
  const ended = [now.failed > 0 ? `${formatWhole(now.failed)} failed` : "", now.cancelled > 0 ? `${formatWhole(now.cancelled)} cancelled` : ""];
  return (
    <dl class="tiles">
      <Tile name="Running" value={formatWhole(now.running)} note={`${formatWhole(now.waiting)} waiting`} />
      <Tile name="Speed" value={`${formatRate(speed)}`} note="tokens per second" />
      <Tile name="Answers" value={formatCount(now.finished)} note={ended.filter(Boolean).join(", ") || "none failed"} />
      <Tile name="Tokens" value={formatCount(now.generatedTokens)} note={`${formatCount(now.promptTokens)} read`} />
      <Tile name="Prompts reused" value={formatShare(reused)} note="from the cache" />
      <Tile name="Memory" value={formatBytes(now.residentBytes)} note="with mapped files" />
    </dl>
  );
}

function ModelTable({ models }: { models: ModelFigures[] }) {
  return (
    <section class="panel">
      <h2 id="by-model">By model</h2>
      <div class="table-scroll" role="region" aria-labelledby="by-model" tabIndex={0}>
        <table>
          <thead>
            <tr><th scope="col">Model</th><th scope="col">State</th><th scope="col" class="right">Running</th><th scope="col" class="right">Waiting</th><th scope="col" class="right">Answers</th><th scope="col" class="right">Tokens</th></tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <tr key={model.name}>
                <th scope="row">{model.name}</th>
                <td>{model.isLoaded ? "in memory" : "not loaded"}</td>
                <td class="right">{formatWhole(model.running)}</td>
                <td class="right">{formatWhole(model.waiting)}</td>
                <td class="right">{formatWhole(model.finished)}</td>
                <td class="right">{formatWhole(model.generatedTokens)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Charts({ history, now }: { history: readonly Snapshot[]; now: Snapshot }) {
  const at = (value: (each: Snapshot) => number) => history.map((each) => ({ atMs: each.atMs, value: value(each) }));
  const share = (pages: (each: Snapshot) => number) => at((each) => (each.pages > 0 ? pages(each) / each.pages : 0));
  return (
    <div class="charts">
      <LineChart title="Tokens per second" format={(value) => formatRate(value)} isFilled
        lines={[{ name: "answers", points: ratesOf(history, "generatedTokens") }, { name: "prompts", points: ratesOf(history, "promptTokens") }]} />
      <LineChart title="Requests" format={(value) => (Number.isInteger(value) ? formatWhole(value) : "")} maximum={2}
        lines={[{ name: "running", points: at((each) => each.running) }, { name: "waiting", points: at((each) => each.waiting) }]} />
      <HistogramChart title="Time to the first token" histogram={now.firstToken} />
      <HistogramChart title="Time between tokens" histogram={now.token} />
      <LineChart title="Cache of keys and values" format={formatShare} maximum={1} isFilled
        lines={[{ name: "in use", points: share((each) => each.usedPages) }, { name: "kept of earlier requests", points: share((each) => each.keptPages) }]} />
    </div>
  );
}

export function MetricsView() {
  const { history, problem } = useMetrics();
  const now = history.at(-1);
  return (
    <div class="page-column">
      <h1 tabIndex={-1}>Metrics</h1>
      {problem && <p class="banner" role="alert"><b>{problem.title}.</b> {problem.detail}</p>}
      {!now && !problem && <p class="note">Asking the server…</p>}
      {now && (
        <>
          <Tiles now={now} speed={ratesOf(history, "generatedTokens").at(-1)?.value ?? 0} />
          <Charts history={history} now={now} />
          <ModelTable models={now.models} />
        </>
      )}
    </div>
  );
}
