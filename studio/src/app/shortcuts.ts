/** Keys. A page names what its keys do; the help (`?`) lists what is there now. */
import { useEffect, useRef } from "react";

export interface Shortcut {
  /** As KeyboardEvent.key says, with `mod+` for Ctrl or ⌘: "j", "/", "?", "mod+k". */
  keys: string;
  /** What it does, as the help says it. */
  does: string;
  run: (event: KeyboardEvent) => void;
}

const active = new Set<{ current: readonly Shortcut[] }>();

/** The keys of a component, while it is there. Keys typed into fields are left alone, but for those with `mod+`. */
export function useShortcuts(shortcuts: readonly Shortcut[]): void {
  const latest = useRef(shortcuts);
  useEffect(() => {
    latest.current = shortcuts;
  });
  useEffect(() => {
    active.add(latest);
    return () => {
      active.delete(latest);
    };
  }, []);
}

/** What can be pressed now, without repetitions. */
export function shortcutsNow(): Shortcut[] {
  const found = new Map<string, Shortcut>();
  for (const one of active) for (const shortcut of one.current) found.set(shortcut.keys, shortcut);
  return [...found.values()];
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey) return;
  const mod = event.ctrlKey || event.metaKey;
  if (!mod && (typing(event.target) || document.querySelector('[role="dialog"]'))) return;
  const keys = `${mod ? "mod+" : ""}${event.key.length === 1 ? event.key.toLowerCase() : event.key}`;
  // What came last is nearest to the reader.
  const found = [...active]
    .reverse()
    .flatMap((one) => one.current)
    .find((one) => one.keys === keys);
  if (!found) return;
  event.preventDefault();
  found.run(event);
});
