// Conversations at the side, the one that is read in the middle, and what is said next below it.
import { useEffect, useState } from "preact/hooks";
import type { ModelList } from "../api/model_list.ts";
import type { ChatSession } from "../conversations/chat_session.ts";
import { Dialog } from "../elements/dialog.tsx";
import { Icon } from "../elements/icon.tsx";
import { useObserved } from "../observable.ts";
import { Composer } from "./composer.tsx";
import { ConversationList } from "./conversation_list.tsx";
import { MessageList } from "./message_list.tsx";
import { SettingsDialog } from "./settings_dialog.tsx";

interface ChatViewProps {
  session: ChatSession;
  models: ModelList;
}

/** A conversation whose model the server does not have goes on with the first that it has. */
function useKnownModel({ session, models }: ChatViewProps) {
  const entries = useObserved(models.entries);
  const conversation = useObserved(session.current);
  useEffect(() => {
    const names = models.chatting.map((entry) => entry.name);
    const first = names[0];
    if (first && !names.includes(conversation.model)) session.change({ model: first });
  }, [entries, conversation.model]);
}

export function ChatView({ session, models }: ChatViewProps) {
  const conversation = useObserved(session.current);
  const answering = useObserved(session.answering);
  const storageProblem = useObserved(session.store.problem);
  const [isListOpen, setListOpen] = useState(false);
  const [isSettingOpen, setSettingOpen] = useState(false);
  const isAnswering = answering.has(conversation.id);
  useKnownModel({ session, models });
  useEffect(() => {
    if (!isAnswering) void models.refresh(); // the model may be in memory only now
  }, [isAnswering]);
  return (
    <div class="chat">
      <nav class="sidebar" aria-label="Conversations">
        <ConversationList session={session} />
      </nav>
      <section class="talk" aria-label="Conversation">
        <div class="talk-head column">
          <button type="button" class="quiet only-narrow" aria-label="Conversations" onClick={() => setListOpen(true)}><Icon name="list" /></button>
          <h1 tabIndex={-1}>{conversation.title}</h1>
        </div>
        {storageProblem && <p class="banner" role="alert">{storageProblem}</p>}
        <MessageList session={session} conversation={conversation} isAnswering={isAnswering} />
        <Composer session={session} models={models} onSettings={() => setSettingOpen(true)} />
      </section>
      {isListOpen && (
        <Dialog title="Conversations" isSheet="left" onClose={() => setListOpen(false)}>
          <ConversationList session={session} onDone={() => setListOpen(false)} />
        </Dialog>
      )}
      {isSettingOpen && <SettingsDialog session={session} onClose={() => setSettingOpen(false)} />}
    </div>
  );
}
