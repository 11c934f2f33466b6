/** Which runs have which files of a directory. Pure. */
export interface Named {
  path: string;
  isDir: boolean;
  size: number | null;
}

export interface SameName {
  path: string;
  isDir: boolean;
  /** By run: the size; null: it is there, of no known size; undefined: the run has no such file. */
  sizes: (number | null | undefined)[];
  having: number;
}

/** Directories first; by name, numbers in names by their size. */
export function sameNames(lists: readonly (readonly Named[] | undefined)[]): SameName[] {
  const found = new Map<string, SameName>();
  lists.forEach((list, run) => {
    for (const { path, isDir, size } of list ?? []) {
      const key = `${isDir} ${path}`;
      const one = found.get(key) ?? { path, isDir, sizes: lists.map(() => undefined), having: 0 };
      one.sizes[run] = size;
      one.having += 1;
      found.set(key, one);
    }
  });
  const order = new Intl.Collator("en", { numeric: true });
  return [...found.values()].sort(
    (a, b) => Number(b.isDir) - Number(a.isDir) || order.compare(a.path, b.path),
  );
}

/** The directories above a path, with itself, from the top: "a/b" → ["a", "a/b"]. */
export function steps(path: string): string[] {
  const parts = path.split("/").filter(Boolean);
  return parts.map((_, i) => parts.slice(0, i + 1).join("/"));
}
