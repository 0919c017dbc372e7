// Where the next message is written, with the model it goes to.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ModelList } from "../api/model_list.ts";
import type { ChatSession } from "../conversations/chat_session.ts";
import { Icon } from "../elements/icon.tsx";
import { useObserved } from "../observable.ts";
import { ContextMeter } from "./context_meter.tsx";
import { ModelPicker } from "./model_picker.tsx";

interface ComposerProps {
  session: ChatSession;
  models: ModelList;
  onSettings: () => void;
}

/** As high as its text, up to what the style allows. */
function fit(field: HTMLTextAreaElement | null) {
  if (!field) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}

export function Composer({ session, models, onSettings }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const conversation = useObserved(session.current);
  const isAnswering = useObserved(session.answering).has(conversation.id);
  useEffect(() => fit(field.current), [text]);
  useEffect(() => {
    if (matchMedia("(pointer: fine)").matches) field.current?.focus();
  }, [conversation.id]);
  const send = () => {
    if (isAnswering) return session.stop();
    field.current?.focus();
    if (text.trim() === "") return;
    session.say(text.trim());
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isAnswering) session.stop();
    // On screens that are touched, Enter begins a line.
    const sends = event.key === "Enter" && !event.shiftKey && !event.isComposing && matchMedia("(pointer: fine)").matches;
    if (!sends) return;
    event.preventDefault();
    if (!isAnswering) send();
  };
  return (
    <form class="composer column" onSubmit={(event) => {
      event.preventDefault();
      send();
    }}>
      <div class="composer-box">
        <textarea ref={field} id="question" rows={1} value={text} aria-label="Message" placeholder="Ask something…"
          onInput={(event) => setText(event.currentTarget.value)} onKeyDown={onKeyDown} />
        <div class="composer-tools">
          <ModelPicker session={session} models={models} />
          <button type="button" class="quiet" aria-label="Settings of answers" title="Settings of answers" onClick={onSettings}><Icon name="tune" /></button>
          <ContextMeter conversation={conversation} models={models} />
          <button type="submit" class="send" aria-label={isAnswering ? "Stop" : "Send"} title={isAnswering ? "Stop (Escape)" : "Send (Enter)"}
            aria-disabled={!isAnswering && text.trim() === ""}>
            <Icon name={isAnswering ? "stop" : "send"} />
          </button>
        </div>
      </div>
    </form>
  );
}
