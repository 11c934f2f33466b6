/** Files that are listed by their whole paths, seen as directories; and how two such lists differ. Pure. */

interface Listed {
  path: string;
  size: number;
}

/** What lies directly in a directory: directories first, both by name. */
export function entriesIn(
  files: readonly Listed[],
  folder: string,
): { path: string; isDir: boolean; size: number | null }[] {
  const start = folder === "" ? "" : `${folder}/`;
  const folders = new Set<string>();
  const found: { path: string; isDir: boolean; size: number | null }[] = [];
  for (const { path, size } of files) {
    if (!path.startsWith(start)) continue;
    const end = path.indexOf("/", start.length);
    if (end < 0) found.push({ path, isDir: false, size });
    else folders.add(path.slice(0, end));
  }
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  const above = [...folders].map((path) => ({ path, isDir: true, size: null }));
  return [...above.sort(byPath), ...found.sort(byPath)];
}

export type Fate = "added" | "removed" | "changed" | "same";

/** What became of each file from one list to another, by path. */
export function fates(
  before: readonly { path: string; sha256: string }[],
  after: readonly { path: string; sha256: string }[],
): { path: string; fate: Fate }[] {
  const was = new Map(before.map((one) => [one.path, one.sha256]));
  const is = new Map(after.map((one) => [one.path, one.sha256]));
  return [...new Set([...was.keys(), ...is.keys()])].sort().map((path) => ({
    path,
    fate: !was.has(path)
      ? "added"
      : !is.has(path)
        ? "removed"
        : was.get(path) === is.get(path)
          ? "same"
          : "changed",
  }));
}
