// Owns how a component learns how wide its element is, and when that changes.

import { useEffect, useState } from 'preact/hooks';

/** The width of an element's content box in pixels, whole; 0 until it is on the page. */
export function useElementWidth(): [width: number, ref: (element: HTMLElement | null) => void] {
  const [element, setElement] = useState<HTMLElement | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element === null) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setWidth(Math.floor(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return [width, setElement];
}
