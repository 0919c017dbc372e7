import { useEffect, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

const SHOWN_MS = 1600;

/** Copies with the clipboard's interface, or, where pages over plain HTTP have none, through a selection. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // not allowed: the other way
    }
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}

export function CopyButton({ text, label }: { text: string; label: string }) {
  const [outcome, setOutcome] = useState("");
  useEffect(() => {
    if (!outcome) return;
    const timer = window.setTimeout(() => setOutcome(""), SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [outcome]);
  const onClick = async () => setOutcome((await copy(text)) ? "Copied" : "Not copied");
  return (
    <button type="button" class="quiet" onClick={onClick} aria-label={label}>
      <Icon name={outcome === "Copied" ? "check" : "copy"} />
      <span role="status">{outcome || ""}</span>
    </button>
  );
}
