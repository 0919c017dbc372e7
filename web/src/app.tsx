// The frame around the views.
import { useEffect, useRef, useState } from "preact/hooks";
import type { ModelList } from "./api/model_list.ts";
import { keyRefusals } from "./api/server.ts";
import { CardsView } from "./cards/cards_view.tsx";
import { ChatView } from "./chat/chat_view.tsx";
import type { ChatSession } from "./conversations/chat_session.ts";
import { Icon } from "./elements/icon.tsx";
import { KeyDialog } from "./key_dialog.tsx";
import { MetricsView } from "./metrics/metrics_view.tsx";
import { useObserved, type Observable } from "./observable.ts";
import { VIEWS, type ViewId } from "./route.ts";
import { ThemeButton } from "./theme_button.tsx";

interface AppProps {
  session: ChatSession;
  models: ModelList;
  view: Observable<ViewId>;
}

/** The heading of a view that was gone to gets the focus, so that a screen reader says it. */
function useFocusOnChange(view: ViewId) {
  const shown = useRef(view);
  useEffect(() => {
    const title = VIEWS.find((each) => each.id === view)?.title ?? "";
    document.title = `${title} · Adze`;
    if (shown.current === view) return;
    shown.current = view;
    document.querySelector<HTMLElement>("main h1")?.focus();
  }, [view]);
}

function Logo() {
  return (
    <span class="logo">
      <svg viewBox="0 0 32 32" aria-hidden="true"><path d="M10 26 18 9M7 12q8-7 18-3l-2 5q-8-3-14 1z" /></svg>
      Adze
    </span>
  );
}

export function App({ session, models, view }: AppProps) {
  const shown = useObserved(view);
  const refusals = useObserved(keyRefusals);
  const announcement = useObserved(session.announcement);
  const [isKeyOpen, setKeyOpen] = useState(false);
  useFocusOnChange(shown);
  useEffect(() => {
    if (refusals > 0) setKeyOpen(true);
  }, [refusals]);
  const skip = (event: Event) => {
    event.preventDefault(); // the address names the view
    document.getElementById("main")?.focus();
  };
  return (
    <div class="frame">
      <a class="skip" href="#main" onClick={skip}>To the content</a>
      <header class="top">
        <Logo />
        <nav aria-label="Views">
          {VIEWS.map(({ id, title }) => (
            <a key={id} href={`#/${id}`} aria-current={id === shown ? "page" : undefined}>{title}</a>
          ))}
        </nav>
        <div class="top-tools">
          <button type="button" class="quiet" aria-label="API key" title="API key" onClick={() => setKeyOpen(true)}><Icon name="key" /></button>
          <ThemeButton />
        </div>
      </header>
      <main id="main" tabIndex={-1} class={`view-${shown}`}>
        {shown === "chat" && <ChatView session={session} models={models} />}
        {shown === "models" && <CardsView models={models} />}
        {shown === "metrics" && <MetricsView />}
      </main>
      <div class="for-screen-readers" role="status" aria-live="polite">{announcement}</div>
      {isKeyOpen && <KeyDialog onClose={() => setKeyOpen(false)} onKey={() => void models.refresh()} />}
    </div>
  );
}
