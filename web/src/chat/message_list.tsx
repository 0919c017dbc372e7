// What was said. Stays at the newest line unless a person scrolled up.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ChatSession } from "../conversations/chat_session.ts";
import type { Conversation } from "../conversations/conversation.ts";
import { Icon } from "../elements/icon.tsx";
import { AnswerMessage } from "./answer_message.tsx";
import { UserMessage } from "./user_message.tsx";
import { Welcome } from "./welcome.tsx";

const NEAR_END_PIXELS = 80;

interface MessageListProps {
  session: ChatSession;
  conversation: Conversation;
  isAnswering: boolean;
}

function useScrollToNewest(conversation: Conversation) {
  const box = useRef<HTMLDivElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const toEnd = () => box.current?.scrollTo({ top: box.current.scrollHeight });
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current ?? { scrollTop: 0, scrollHeight: 0, clientHeight: 0 };
    setAtEnd(scrollHeight - scrollTop - clientHeight < NEAR_END_PIXELS);
  };
  const said = conversation.messages.filter((message) => message.role === "user").length;
  useEffect(toEnd, [conversation.id, said]);
  useLayoutEffect(() => {
    if (isAtEnd) toEnd();
  }, [conversation]);
  return { box, isAtEnd, toEnd, onScroll };
}

export function MessageList({ session, conversation, isAnswering }: MessageListProps) {
  const { box, isAtEnd, toEnd, onScroll } = useScrollToNewest(conversation);
  const messages = conversation.messages;
  const last = messages.at(-1);
  return (
    <div class="messages-area">
      <div ref={box} class="messages" role="log" aria-live="off" aria-label="Messages" tabIndex={0} onScroll={onScroll}>
        <div class="column">
          {messages.length === 0 && <Welcome session={session} />}
          {messages.map((message) =>
            message.role === "user" ? (
              <UserMessage key={message.id} session={session} message={message} isBusy={isAnswering} />
            ) : (
              <AnswerMessage key={message.id} session={session} message={message} isLast={message === last} isGrowing={isAnswering && message === last} isBusy={isAnswering} />
            ),
          )}
        </div>
      </div>
      {!isAtEnd && (
        <button type="button" class="to-end" onClick={toEnd} aria-label="To the newest message"><Icon name="down" /></button>
      )}
    </div>
  );
}
