// The conversations of this browser: open, begin, delete.
import { useRef } from "preact/hooks";
import type { ChatSession } from "../conversations/chat_session.ts";
import type { Conversation } from "../conversations/conversation.ts";
import { Icon } from "../elements/icon.tsx";
import { useObserved } from "../observable.ts";

interface ConversationListProps {
  session: ChatSession;
  onDone?: () => void;
}

export function ConversationList({ session, onDone }: ConversationListProps) {
  const conversations = useObserved(session.store.list);
  const current = useObserved(session.current);
  const answering = useObserved(session.answering);
  const newButton = useRef<HTMLButtonElement>(null);
  const open = (conversation: Conversation) => {
    session.open(conversation);
    onDone?.();
  };
  const begin = () => {
    session.openNew();
    onDone?.();
    document.getElementById("question")?.focus();
  };
  const remove = (conversation: Conversation) => {
    if (!window.confirm(`Delete “${conversation.title}”? This cannot be undone.`)) return;
    session.remove(conversation.id);
    newButton.current?.focus();
  };
  return (
    <div class="conversations">
      <button ref={newButton} type="button" class="begin" onClick={begin}><Icon name="plus" />New conversation</button>
      {conversations.length === 0 && <p class="note">What you talk about is kept in this browser alone.</p>}
      <ul>
        {conversations.map((conversation) => (
          <li key={conversation.id}>
            <button type="button" class="open" aria-current={conversation.id === current.id ? "true" : undefined} onClick={() => open(conversation)}>
              {answering.has(conversation.id) && <span class="pulse" role="img" aria-label="is being answered" />}
              <span class="title">{conversation.title}</span>
            </button>
            <button type="button" class="quiet" aria-label={`Delete ${conversation.title}`} onClick={() => remove(conversation)}><Icon name="trash" /></button>
          </li>
        ))}
      </ul>
    </div>
  );
}
