// A modal dialog of the browser's own, which keeps the focus inside and gives it back.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface DialogProps {
  title: string;
  /** At the side of the page, over its whole height, instead of in the middle. */
  isSheet?: "left" | "right";
  onClose: () => void;
  children: ComponentChildren;
}

/** Open as long as it is drawn. */
export function Dialog({ title, isSheet, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const opener = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  const closeOutside = (event: MouseEvent) => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog ref={dialog} class={isSheet ? `sheet at-${isSheet}` : "box"} aria-labelledby={titleId} onCancel={(event) => {
      event.preventDefault();
      onClose();
    }} onClick={closeOutside}>
      <div class="dialog-content">
        <header>
          <h2 id={titleId}>{title}</h2>
          <button type="button" class="quiet" onClick={onClose} aria-label="Close"><Icon name="close" /></button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
