// The page of `adze serve`.
import { render } from "preact";
import { App } from "./app.tsx";
import { ModelList } from "./api/model_list.ts";
import { ChatSession } from "./conversations/chat_session.ts";
import { ConversationStore } from "./conversations/conversation_store.ts";
import { followAddress } from "./route.ts";
import { applyTheme } from "./theme.ts";

applyTheme();
const session = new ChatSession(new ConversationStore(localStorage));
const models = new ModelList();
void models.refresh();
const page = document.getElementById("page");
if (page) render(<App session={session} models={models} view={followAddress()} />, page);
