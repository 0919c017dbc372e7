// How much of the model's context the conversation takes.
import type { ModelList } from "../api/model_list.ts";
import { usedTokens, type Conversation } from "../conversations/conversation.ts";
import { formatWhole } from "../format_quantity.ts";
import { useObserved } from "../observable.ts";

const NEARLY_FULL = 0.85;

interface ContextMeterProps {
  conversation: Conversation;
  models: ModelList;
}

export function ContextMeter({ conversation, models }: ContextMeterProps) {
  const entries = useObserved(models.entries);
  const context = entries.find((entry) => entry.name === conversation.model)?.context;
  const used = usedTokens(conversation);
  if (!context || used === undefined) return <span class="context" />;
  const share = Math.min(1, used / context);
  return (
    <span class="context" title="Tokens of the context that this conversation takes">
      <span class={share > NEARLY_FULL ? "meter full" : "meter"} role="meter" aria-label="Use of the context" aria-valuemin={0} aria-valuemax={context} aria-valuenow={used}>
        <i style={{ width: `${share * 100}%` }} />
      </span>
      <span class="figures">{formatWhole(used)} / {formatWhole(context)}</span>
    </span>
  );
}
