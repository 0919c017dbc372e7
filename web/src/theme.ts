// Light or dark: as the system has it, unless a person says otherwise.
import { Observable } from "./observable.ts";

const NAME = "adze.theme";
export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

function readTheme(): Theme {
  const kept = localStorage.getItem(NAME);
  return THEMES.find((theme) => theme === kept) ?? "system";
}

export const theme = new Observable<Theme>(readTheme());

/** Styles go by the attribute. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

export function nextTheme(): void {
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length] ?? "system";
  localStorage.setItem(NAME, next);
  theme.value = next;
  applyTheme();
}
