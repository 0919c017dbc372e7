// The part of the address behind #, which names the view.
import { Observable } from "./observable.ts";

export const VIEWS = [
  { id: "chat", title: "Chat" },
  { id: "models", title: "Models" },
  { id: "metrics", title: "Metrics" },
] as const;
export type ViewId = (typeof VIEWS)[number]["id"];

export function viewOf(hash: string): ViewId {
  const id = hash.replace(/^#\/?/, "");
  return VIEWS.find((view) => view.id === id)?.id ?? "chat";
}

/** The view that the address names, from now on. */
export function followAddress(): Observable<ViewId> {
  const view = new Observable(viewOf(location.hash));
  addEventListener("hashchange", () => {
    view.value = viewOf(location.hash);
  });
  return view;
}
