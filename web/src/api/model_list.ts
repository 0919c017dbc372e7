// The models as last heard from the server, for all views.
import { Observable } from "../observable.ts";
import { listModels, type ModelEntry } from "./models.ts";
import { explain, type Explanation } from "./server_error.ts";

export class ModelList {
  readonly entries = new Observable<readonly ModelEntry[]>([]);
  readonly isKnown = new Observable(false);
  readonly problem = new Observable<Explanation | undefined>(undefined);

  async refresh(): Promise<void> {
    try {
      this.entries.value = await listModels();
      this.isKnown.value = true;
      this.problem.value = undefined;
    } catch (error) {
      this.problem.value = explain(error);
    }
  }

  /** Those that can be talked to; one that was not loaded yet may turn out to be none. */
  get chatting(): readonly ModelEntry[] {
    return this.entries.value.filter((entry) => entry.generates !== false && !entry.problem);
  }
}
