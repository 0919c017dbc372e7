// System prompt and sampling of the conversation that is shown.
import { useId, useState } from "preact/hooks";
import type { ChatSession } from "../conversations/chat_session.ts";
import { toMarkdown, type Conversation } from "../conversations/conversation.ts";
import { parseSetting, SETTINGS, withSetting, type Setting } from "../conversations/sampling.ts";
import { Dialog } from "../elements/dialog.tsx";
import { Icon } from "../elements/icon.tsx";
import { useObserved } from "../observable.ts";

interface SettingFieldProps {
  setting: Setting;
  session: ChatSession;
}

function SettingField({ setting, session }: SettingFieldProps) {
  const value = session.current.value.sampling[setting.name];
  const [problem, setProblem] = useState("");
  const id = useId();
  const onInput = (text: string) => {
    const parsed = parseSetting(setting, text);
    setProblem(typeof parsed === "object" ? parsed.problem : "");
    if (typeof parsed !== "object") session.change({ sampling: withSetting(session.current.value.sampling, setting.name, parsed) });
  };
  return (
    <div class="setting">
      <label for={id}>{setting.label}</label>
      <input id={id} inputMode="decimal" autocomplete="off" placeholder="default" defaultValue={value === undefined ? "" : String(value)}
        aria-describedby={`${id}-help`} aria-invalid={problem !== ""} onInput={(event) => onInput(event.currentTarget.value)} />
      <p id={`${id}-help`} class={problem ? "note problem" : "note"}>{problem || setting.help}</p>
    </div>
  );
}

function save(conversation: Conversation) {
  const address = URL.createObjectURL(new Blob([toMarkdown(conversation)], { type: "text/markdown" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = `${conversation.title.replace(/[^\p{L}\p{N} -]/gu, "").trim() || "conversation"}.md`;
  link.click();
  URL.revokeObjectURL(address);
}

export function SettingsDialog({ session, onClose }: { session: ChatSession; onClose: () => void }) {
  const conversation = useObserved(session.current);
  const [reset, setReset] = useState(0); // draws the fields anew
  const clear = () => {
    session.change({ sampling: {} });
    setReset(reset + 1);
  };
  return (
    <Dialog title="Settings" isSheet="right" onClose={onClose}>
      <div class="form">
        <label>
          System prompt
          <textarea rows={5} placeholder="How the model should answer" value={conversation.systemPrompt}
            onInput={(event) => session.change({ systemPrompt: event.currentTarget.value })} />
        </label>
        <fieldset key={reset}>
          <legend>Sampling</legend>
          {SETTINGS.map((setting) => <SettingField key={setting.name} setting={setting} session={session} />)}
        </fieldset>
        <div class="actions spread">
          <button type="button" onClick={clear}>Use the model's defaults</button>
          <button type="button" disabled={conversation.messages.length === 0} onClick={() => save(conversation)}><Icon name="save" />Save as Markdown</button>
        </div>
      </div>
    </Dialog>
  );
}
