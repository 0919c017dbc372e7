// A value that views follow.
import { useEffect, useState } from "preact/hooks";

export class Observable<T> {
  #value: T;
  readonly #followers = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const follower of [...this.#followers]) follower();
  }

  /** Calls back after each change, until the returned function is called. */
  follow(follower: () => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }
}

/** The value now; the component is drawn again when it changes. */
export function useObserved<T>(observable: Observable<T>): T {
  const [, redraw] = useState(0);
  useEffect(() => {
    const follower = () => redraw((count) => count + 1);
    const leave = observable.follow(follower);
    follower(); // it may have changed since it was drawn
    return leave;
  }, [observable]);
  return observable.value;
}
