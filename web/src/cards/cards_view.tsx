// What models there are, and how much of their source's quality each has kept at its size.
import { useEffect } from "preact/hooks";
import type { ModelList } from "../api/model_list.ts";
import { useObserved } from "../observable.ts";
import { ModelCard } from "./model_card.tsx";
import { QualityChart } from "./quality_chart.tsx";
import { groupsOf } from "./quality_points.ts";

export function CardsView({ models }: { models: ModelList }) {
  const entries = useObserved(models.entries);
  const isKnown = useObserved(models.isKnown);
  const problem = useObserved(models.problem);
  useEffect(() => void models.refresh(), []);
  const groups = groupsOf(entries).filter((group) => group.points.length > 1);
  return (
    <div class="page-column">
      <h1 tabIndex={-1}>Models</h1>
      {problem && <p class="banner" role="alert"><b>{problem.title}.</b> {problem.detail}</p>}
      {!isKnown && !problem && <p class="note">Asking the server…</p>}
      {groups.map((group) => <QualityChart key={`${group.source} ${group.text}`} group={group} />)}
      {isKnown && groups.length === 0 && (
        <p class="note">Quality against size is drawn here when two models with quality cards are served; adze quantize writes cards beside what it makes.</p>
      )}
      {entries.length > 0 && <h2>{entries.length === 1 ? "The model" : `All ${entries.length} models`}</h2>}
      <div class="cards">{entries.map((entry) => <ModelCard key={entry.name} entry={entry} />)}</div>
    </div>
  );
}
