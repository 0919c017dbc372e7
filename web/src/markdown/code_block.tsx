// Code with its language and a button that copies it.
import { CopyButton } from "../elements/copy_button.tsx";

export function CodeBlock({ code, language }: { code: string; language: string }) {
  const name = language.replace(/[^\w+#.-]/g, "").slice(0, 20);
  return (
    <figure class="code-block">
      <figcaption>
        <span>{name || "code"}</span>
        <CopyButton text={code} label="Copy code" />
      </figcaption>
      <pre tabIndex={0}><code>{code}</code></pre>
    </figure>
  );
}
