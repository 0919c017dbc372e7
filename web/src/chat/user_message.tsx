// What a person said; it can be said in other words.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ChatSession } from "../conversations/chat_session.ts";
import type { Message } from "../conversations/conversation.ts";
import { CopyButton } from "../elements/copy_button.tsx";
import { Icon } from "../elements/icon.tsx";

interface EditFormProps {
  text: string;
  onSave: (text: string) => void;
  onCancel: () => void;
}

function EditForm({ text, onSave, onCancel }: EditFormProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const changed = field.current?.value.trim() ?? "";
    if (changed) onSave(changed);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") onCancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <form class="edit" onSubmit={submit}>
      <textarea ref={field} aria-label="Your message" rows={3} onKeyDown={onKeyDown}>{text}</textarea>
      <p class="note">What follows this message is replaced.</p>
      <div class="actions">
        <button type="button" onClick={onCancel}>Cancel</button>
        <button type="submit" class="primary">Send</button>
      </div>
    </form>
  );
}

interface UserMessageProps {
  session: ChatSession;
  message: Message;
  isBusy: boolean;
}

export function UserMessage({ session, message, isBusy }: UserMessageProps) {
  const [isEditing, setEditing] = useState(false);
  const editButton = useRef<HTMLButtonElement>(null);
  const cancel = () => {
    setEditing(false);
    requestAnimationFrame(() => editButton.current?.focus());
  };
  const save = (text: string) => {
    session.sayInstead(message, text);
    document.getElementById("question")?.focus();
  };
  return (
    <article class="message user" aria-label="You">
      {isEditing ? (
        <EditForm text={message.text} onSave={save} onCancel={cancel} />
      ) : (
        <>
          <div class="bubble">{message.text}</div>
          <div class="message-tools">
            <CopyButton text={message.text} label="Copy message" />
            <button ref={editButton} type="button" class="quiet" aria-label="Edit message" disabled={isBusy} onClick={() => setEditing(true)}><Icon name="edit" /></button>
          </div>
        </>
      )}
    </article>
  );
}
