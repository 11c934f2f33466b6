/** Files that are deleted in a moment: until then it can be undone. What waits when the page closes is deleted then. */
import { useSyncExternalStore } from "react";
import type { FileSource } from "@/api/artifacts";

/** As long as the message with its button stands. */
export const UNDO_MS = 12_000;

interface Pending {
  source: FileSource;
  path: string;
  timer: ReturnType<typeof setTimeout>;
}

let pending: readonly Pending[] = [];
const listeners = new Set<() => void>();
const tell = (next: readonly Pending[]) => {
  pending = next;
  for (const one of listeners) one();
};

window.addEventListener("pagehide", () => {
  for (const one of pending) {
    clearTimeout(one.timer);
    one.source.write?.remove(one.path, true).catch(() => undefined);
  }
  // A browser may bring the page back as it was: nothing waits in it any more.
  tell([]);
});

/** Deletes in a while. Answers what takes it back. */
export function removeLater(
  source: FileSource,
  path: string,
  done: () => void,
  failed: (error: unknown) => void,
): () => void {
  const work = async () => {
    try {
      await source.write?.remove(path, false);
      // Gone from the lists first, so that it does not appear again in between.
      await done();
    } catch (error) {
      failed(error);
    } finally {
      tell(pending.filter((one) => one !== entry));
    }
  };
  const entry: Pending = { source, path, timer: setTimeout(work, UNDO_MS) };
  tell([...pending, entry]);
  return () => {
    clearTimeout(entry.timer);
    tell(pending.filter((one) => one !== entry));
  };
}

/** Paths of a source that are about to go. */
export function usePending(source: FileSource): (path: string) => boolean {
  const now = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => pending,
  );
  return (path) => now.some((one) => one.source.key === source.key && within(path, one.path));
}

/** Whether a path is another one or lies below it. */
export const within = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);
