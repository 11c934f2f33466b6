/** Whether the server is away, as the stream of changes notices it. */
import { useSyncExternalStore } from "react";

const AGAIN_MS = 4_000;
const watchers = new Set<() => void>();
let away = false;
let asking = false;

function say(now: boolean): void {
  if (away === now) return;
  away = now;
  for (const watcher of watchers) watcher();
}

/** A stream broke off: look whether there is a server, and again until there is. */
export async function suspectAway(): Promise<void> {
  if (asking) return;
  asking = true;
  const answer = await fetch("/health", { cache: "no-store" }).catch(() => null);
  asking = false;
  say(answer === null);
  if (away) setTimeout(suspectAway, AGAIN_MS);
}

export function useServerAway(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => away,
  );
}
