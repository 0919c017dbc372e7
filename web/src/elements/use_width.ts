import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The width of an element in pixels, for drawings whose text must keep its size. */
export function useWidth<T extends Element>(first: number) {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(first);
  useLayoutEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      const found = Math.round(entry?.contentRect.width ?? 0);
      if (found > 0) setWidth(found);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return { element, width };
}
