/** Directories that are open, as rows in order. What lies in a directory is asked for when it opens. */
import { useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { Entry, FileSource } from "@/api/artifacts";
import { shownName } from "@/components/artifacts/names";
import { usePending } from "@/components/artifacts/pending";
import { folderOf } from "@/lib/file-kind";

export interface TreeRow {
  entry: Entry;
  name: string;
  depth: number;
  /** null: a file. */
  open: boolean | null;
}

const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const byName = (a: Entry, b: Entry): number =>
  Number(b.isDir) - Number(a.isDir) || order.compare(a.path, b.path);

export const listQuery = (source: FileSource, path: string) => ({
  queryKey: ["files", source.key, path] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) => source.list(path, signal),
  select: (found: Entry[]) => [...found].sort(byName),
  staleTime: 10_000,
});

/** A path and all directories above it, the top one first. */
export function chain(path: string): string[] {
  const found: string[] = [];
  for (let one = path; one !== ""; one = folderOf(one)) found.unshift(one);
  return ["", ...found];
}

export function useTree(source: FileSource, selected: string) {
  const [turned, setTurned] = useState<ReadonlyMap<string, boolean>>(new Map());
  const isPending = usePending(source);
  const above = useMemo(() => new Set(chain(folderOf(selected))), [selected]);
  const isOpen = (path: string) => turned.get(path) ?? above.has(path);
  const openPaths = [
    ...new Set(["", ...above, ...[...turned].filter(([, open]) => open).map(([path]) => path)]),
  ].filter((path) => path === "" || chain(path).every((one) => one === "" || isOpen(one)));
  const lists = useQueries({ queries: openPaths.map((path) => listQuery(source, path)) });
  const found = new Map(openPaths.map((path, i) => [path, lists[i]!]));
  const rows: TreeRow[] = [];
  const add = (path: string, depth: number) => {
    for (const entry of found.get(path)?.data ?? []) {
      if (isPending(entry.path)) continue;
      const open = entry.isDir ? isOpen(entry.path) : null;
      rows.push({ entry, name: shownName(entry.path), depth, open });
      if (open) add(entry.path, depth + 1);
    }
  };
  add("", 0);
  const turn = (path: string, open: boolean) => setTurned(new Map(turned).set(path, open));
  return { rows, turn, top: lists[0]! };
}
