// The server's metrics of the last minutes, asked for again and again while somebody looks.
import { useEffect, useState } from "preact/hooks";
import { getText, needsKey } from "../api/server.ts";
import { explain, type Explanation } from "../api/server_error.ts";
import { useObserved } from "../observable.ts";
import { parseMetrics } from "./prometheus_text.ts";
import { snapshotOf, type Snapshot } from "./snapshot.ts";

const EVERY_MS = 2000;
export const SHOWN_MS = 180_000;

let history: readonly Snapshot[] = []; // also while other views are shown

export function useMetrics(): { history: readonly Snapshot[]; problem: Explanation | undefined } {
  const [shown, setShown] = useState(history);
  const [problem, setProblem] = useState<Explanation>();
  const isKeyNeeded = useObserved(needsKey);
  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;
    const look = async () => {
      if (!document.hidden && !isKeyNeeded) {
        try {
          const now = snapshotOf(parseMetrics(await getText("/metrics", abort.signal)), Date.now());
          history = [...history.filter((each) => each.atMs > now.atMs - SHOWN_MS - EVERY_MS), now];
          setShown(history);
          setProblem(undefined);
        } catch (error) {
          if (abort.signal.aborted) return;
          setProblem(explain(error));
        }
      }
      if (!abort.signal.aborted) timer = window.setTimeout(look, EVERY_MS);
    };
    void look();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [isKeyNeeded]);
  return { history: shown, problem };
}
