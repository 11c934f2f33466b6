/** Unified diffs, as `git diff` prints them. Pure. */
export interface DiffLine {
  kind: "same" | "added" | "removed" | "hunk" | "note";
  text: string;
  /** Numbers of the lines before and after; null: not there. */
  before: number | null;
  after: number | null;
}

export interface DiffFile {
  name: string;
  added: number;
  removed: number;
  lines: DiffLine[];
}

export function parseDiff(text: string): DiffFile[] {
  const files: DiffFile[] = [];
  let file: DiffFile | null = null;
  let [before, after] = [0, 0];
  // How many lines of the hunk are still to come: a line of code may begin like a head.
  let [oldLeft, newLeft] = [0, 0];
  const open = (name: string) => {
    file = { name, added: 0, removed: 0, lines: [] };
    files.push(file);
    return file;
  };
  for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/)) {
    // A hunk that is shorter than it says ends at the first line that cannot be one of it.
    const inside = file !== null && (oldLeft > 0 || newLeft > 0) && /^[ +\-\\]|^$/.test(line);
    if (!inside) {
      [oldLeft, newLeft] = [0, 0];
      const head = /^diff --git (.*)$/.exec(line);
      if (head) {
        open(gitName(head[1]!));
        continue;
      }
      const path = /^\+\+\+ (?:b\/)?(.*?)(?:\t.*)?$/.exec(line);
      if (path) {
        if (path[1] !== "/dev/null" && file) (file as DiffFile).name = path[1]!;
        continue;
      }
      const old = /^--- (?:a\/)?(.*?)(?:\t.*)?$/.exec(line);
      if (old) {
        if (file === null || (file as DiffFile).lines.length > 0) open(old[1]!);
        continue;
      }
      const hunk = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@(.*)$/.exec(line);
      if (hunk) {
        before = Number(hunk[1]);
        after = Number(hunk[3]);
        oldLeft = Number(hunk[2] ?? 1);
        newLeft = Number(hunk[4] ?? 1);
        const into: DiffFile = file ?? open("");
        into.lines.push({ kind: "hunk", text: line, before: null, after: null });
        continue;
      }
      const told = /^(new file|deleted file|rename|similarity|Binary files|GIT binary)/.test(line);
      if (told && file)
        (file as DiffFile).lines.push({ kind: "note", text: line, before: null, after: null });
      continue;
    }
    const into = file as unknown as DiffFile;
    const rest = line.slice(1);
    if (line.startsWith("+")) {
      into.lines.push({ kind: "added", text: rest, before: null, after: after++ });
      into.added += 1;
      newLeft -= 1;
    } else if (line.startsWith("-")) {
      into.lines.push({ kind: "removed", text: rest, before: before++, after: null });
      into.removed += 1;
      oldLeft -= 1;
    } else if (line.startsWith("\\")) {
      into.lines.push({ kind: "note", text: line.slice(2), before: null, after: null });
    } else {
      into.lines.push({ kind: "same", text: rest, before: before++, after: after++ });
      oldLeft -= 1;
      newLeft -= 1;
    }
  }
  return files;
}

const gitName = (text: string): string => /^"?a\/(.*?)"? "?b\//.exec(text)?.[1] ?? text;
