// What a model said, with how fast it said it.
import type { ChatSession } from "../conversations/chat_session.ts";
import type { AnswerFigures, Message } from "../conversations/conversation.ts";
import { CopyButton } from "../elements/copy_button.tsx";
import { Icon } from "../elements/icon.tsx";
import { formatRate, formatSeconds, formatWhole } from "../format_quantity.ts";
import { Markdown } from "../markdown/markdown.tsx";

interface AnswerMessageProps {
  session: ChatSession;
  message: Message;
  isLast: boolean;
  isGrowing: boolean;
  isBusy: boolean;
}

function Figures({ figures }: { figures: AnswerFigures }) {
  const parts = [`${formatWhole(figures.answerTokens)} tokens`];
  if (figures.tokensPerSecond > 0) parts.push(`${formatRate(figures.tokensPerSecond)} tokens/s`);
  parts.push(`first after ${formatSeconds(figures.firstTokenSeconds)}`);
  const prompt = `${formatWhole(figures.promptTokens)} tokens of prompt, ${formatWhole(figures.cachedTokens)} of them from the cache`;
  return <span class="figures" title={figures.promptTokens > 0 ? prompt : undefined}>{parts.join(" · ")}</span>;
}

/** Why an answer is not whole. */
function ending(message: Message, isGrowing: boolean): string {
  if (isGrowing || message.end === "complete") return "";
  if (message.end === "length") return "The answer reached its longest allowed length.";
  if (message.end === "failed") return message.problem ?? "The answer failed.";
  return message.end === "stopped" ? "You stopped this answer." : "This answer was cut off.";
}

function Thoughts({ text, isOpen }: { text: string; isOpen: boolean }) {
  return (
    <details class="thoughts" open={isOpen}>
      <summary>Thoughts</summary>
      <Markdown text={text} />
    </details>
  );
}

export function AnswerMessage({ session, message, isLast, isGrowing, isBusy }: AnswerMessageProps) {
  const name = message.model || "Model";
  const why = ending(message, isGrowing);
  const again = () => {
    session.answerAgain(message);
    document.getElementById("question")?.focus();
  };
  return (
    <article class="message answer" aria-label={`Answer of ${name}`} aria-busy={isGrowing}>
      <p class="speaker" aria-hidden="true">{name}</p>
      {message.thoughts && <Thoughts text={message.thoughts} isOpen={isGrowing && message.text === ""} />}
      <Markdown text={message.text} />
      {isGrowing && message.text === "" && <p class="waiting" role="img" aria-label="The answer is on its way"><i /><i /><i /></p>}
      {why && <p class={message.end === "failed" ? "ending problem" : "ending"}>{why}</p>}
      {!isGrowing && (
        <div class="message-tools">
          {message.text && <CopyButton text={message.text} label="Copy answer" />}
          {isLast && !isBusy && (
            <button type="button" class="quiet" aria-label="Answer again" title="Answer again" onClick={again}><Icon name="again" /></button>
          )}
          {message.figures && <Figures figures={message.figures} />}
        </div>
      )}
    </article>
  );
}
