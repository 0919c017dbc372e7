// Which model answers.
import type { ModelList } from "../api/model_list.ts";
import type { ChatSession } from "../conversations/chat_session.ts";
import { useObserved } from "../observable.ts";

interface ModelPickerProps {
  session: ChatSession;
  models: ModelList;
}

export function ModelPicker({ session, models }: ModelPickerProps) {
  useObserved(models.entries);
  const problem = useObserved(models.problem);
  const { model } = useObserved(session.current);
  const names = models.chatting.map((entry) => entry.name);
  if (names.length === 0) return <span class="figures model-picker">{problem ? problem.title : "looking for models…"}</span>;
  return (
    <select class="model-picker" aria-label="Model" value={model} onChange={(event) => session.change({ model: event.currentTarget.value })}>
      {names.map((name) => <option key={name} value={name}>{name}</option>)}
    </select>
  );
}
