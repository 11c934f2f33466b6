/** Which runs somebody chose, by handle. */
import { useMemo, useRef, useState } from "react";

export interface Selection {
  handles: ReadonlySet<number>;
  has: (handle: number) => boolean;
  toggle: (handle: number) => void;
  /** From the last one that was chosen to this one, as the table has them. */
  extend: (handle: number, between: (from: number, to: number) => number[]) => void;
  set: (handles: Iterable<number>) => void;
  clear: () => void;
}

export function useSelection(): Selection {
  const [handles, setHandles] = useState<ReadonlySet<number>>(new Set());
  const last = useRef<number | null>(null);
  return useMemo(
    () => ({
      handles,
      has: (handle) => handles.has(handle),
      toggle: (handle) => {
        last.current = handle;
        setHandles((before) => {
          const next = new Set(before);
          if (!next.delete(handle)) next.add(handle);
          return next;
        });
      },
      extend: (handle, between) => {
        const from = last.current;
        last.current = handle;
        setHandles((before) => new Set([...before, ...(from === null ? [handle] : between(from, handle))]));
      },
      set: (chosen) => setHandles(new Set(chosen)),
      clear: () => setHandles(new Set()),
    }),
    [handles],
  );
}
