// Asks for the API key of a server that has keys.
import { useRef, useState } from "preact/hooks";
import { isKeyRemembered, readKey, writeKey } from "./api/access_key.ts";
import { getJson, needsKey } from "./api/server.ts";
import { explain, ServerError } from "./api/server_error.ts";
import { Dialog } from "./elements/dialog.tsx";

interface KeyDialogProps {
  onClose: () => void;
  onKey: () => void;
}

/** Why the key is not accepted; nothing when it is. */
async function trial(): Promise<string> {
  try {
    await getJson("/v1/models");
    return "";
  } catch (error) {
    if (error instanceof ServerError && error.status === 401) return "The server does not know this key.";
    return explain(error).title;
  }
}

export function KeyDialog({ onClose, onKey }: KeyDialogProps) {
  const field = useRef<HTMLInputElement>(null);
  const [isKept, setKept] = useState(isKeyRemembered());
  const [problem, setProblem] = useState("");
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    writeKey(field.current?.value.trim() ?? "", isKept);
    const found = await trial();
    setProblem(found);
    if (found) {
      field.current?.focus();
      return;
    }
    needsKey.value = false;
    onKey();
    onClose();
  };
  return (
    <Dialog title="API key" onClose={onClose}>
      <form onSubmit={submit} class="form">
        <p class="note">Servers with keys want one with every request. It is sent to this server alone.</p>
        <label>
          Key
          <input ref={field} type="password" autocomplete="off" spellcheck={false} defaultValue={readKey()}
            aria-invalid={problem !== ""} aria-describedby="key-problem" />
        </label>
        <p id="key-problem" class="problem" role="alert">{problem}</p>
        <label class="check">
          <input type="checkbox" checked={isKept} onChange={(event) => setKept(event.currentTarget.checked)} />
          Remember it on this device
        </label>
        <div class="actions">
          <button type="submit" class="primary">Use this key</button>
        </div>
      </form>
    </Dialog>
  );
}
