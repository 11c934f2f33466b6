/** Which lines of two texts differ: Myers' greedy shortest edit, linewise. Pure. */

export interface DiffLine {
  kind: "same" | "removed" | "added";
  text: string;
  /** Numbers of the line in the two texts, from 1; null: it is not in it. */
  left: number | null;
  right: number | null;
}

/** Edits beyond which two texts count as different altogether: the work grows with their square. */
const MOST_EDITS = 1_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end])
    end += 1;
  const middle = edits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const found: DiffLine[] = [];
  let left = 0;
  let right = 0;
  const add = (kind: DiffLine["kind"]) => {
    const text = (kind === "added" ? b[right] : a[left]) ?? "";
    found.push({
      kind,
      text,
      left: kind === "added" ? null : ++left,
      right: kind === "removed" ? null : ++right,
    });
  };
  for (let i = 0; i < start; i++) add("same");
  for (const kind of middle) add(kind);
  for (let i = 0; i < end; i++) add("same");
  return found;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}

function edits(a: readonly string[], b: readonly string[]): DiffLine["kind"][] {
  const whole = (): DiffLine["kind"][] => [
    ...a.map(() => "removed" as const),
    ...b.map(() => "added" as const),
  ];
  if (a.length === 0 || b.length === 0) return whole();
  const most = Math.min(a.length + b.length, MOST_EDITS);
  // reach[k]: how far into `a` a path on diagonal k gets; one copy per number of edits, to walk back.
  let reach = new Map<number, number>([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let d = 0; d <= most; d++) {
    const next = new Map<number, number>();
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && x - k >= 0 && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return back(trail, d, a.length, b.length, reach);
    }
    trail.push(next);
    reach = next;
  }
  return whole();
}

/** From the end back to the beginning, along the furthest paths of each number of edits. */
function back(
  trail: readonly Map<number, number>[],
  last: number,
  endX: number,
  endY: number,
  lastReach: Map<number, number>,
): DiffLine["kind"][] {
  const found: DiffLine["kind"][] = [];
  let x = endX;
  let y = endY;
  for (let d = last; d > 0; d--) {
    const reach = d === last ? lastReach : (trail[d - 1] ?? lastReach);
    const k = x - y;
    const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = reach.get(from) ?? 0;
    const fromY = fromX - from;
    const afterX = down ? fromX : fromX + 1;
    while (x > afterX) {
      found.push("same");
      x -= 1;
      y -= 1;
    }
    found.push(down ? "added" : "removed");
    x = fromX;
    y = fromY;
  }
  while (x > 0) {
    found.push("same");
    x -= 1;
  }
  return found.reverse();
}

/** Only the lines near a change; a number stands for how many are left out. */
export function folded(lines: readonly DiffLine[], near = 3): (DiffLine | number)[] {
  const shown = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.kind !== "same") shown.fill(1, Math.max(0, i - near), Math.min(lines.length, i + near + 1));
  });
  const found: (DiffLine | number)[] = [];
  lines.forEach((line, i) => {
    const last = found[found.length - 1];
    if (shown[i]) found.push(line);
    else if (typeof last === "number") found[found.length - 1] = last + 1;
    else found.push(1);
  });
  return found;
}
