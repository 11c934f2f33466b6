/** What the table shows from top to bottom: runs, groups of runs, and what is unfolded below them. Pure. */
import type { RunList } from "@/pages/runs/data/list";

export type Item =
  | { kind: "run"; handle: number; depth: number }
  | { kind: "group"; index: number }
  | { kind: "note"; text: string; depth: number };

/** Something that may be unfolded. */
export interface Branch {
  handles: readonly number[];
  /** Said below the last one: more to come, none, an error. */
  note: string | null;
}

interface Piece {
  from: number;
  count: number;
  depth: number;
  handles: readonly number[] | null;
  /** Where in the handles, or which group. */
  offset: number;
  note: string | null;
}

/** Long lists are kept as pieces: the cost is that of what is unfolded, not of all rows. */
export class Tree {
  private pieces: Piece[] = [];
  count = 0;

  /** @param open branches of runs, by handle. */
  static ofRuns(handles: readonly number[], open: ReadonlyMap<number, Branch>): Tree {
    const tree = new Tree();
    tree.addRuns(handles, open, 0);
    return tree;
  }

  /** @param open branches of groups, by their place. */
  static ofGroups(
    count: number,
    open: ReadonlyMap<number, Branch>,
    nested: ReadonlyMap<number, Branch>,
    note: string | null,
  ): Tree {
    const tree = new Tree();
    for (let index = 0; index < count; index++) {
      tree.add({ count: 1, depth: 0, handles: null, offset: index, note: null });
      const branch = open.get(index);
      if (branch) {
        tree.addRuns(branch.handles, nested, 1);
        tree.addNote(branch.note, 1);
      }
    }
    tree.addNote(note, 0);
    return tree;
  }

  at(place: number): Item | null {
    if (place < 0 || place >= this.count) return null;
    let low = 0;
    let high = this.pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pieces[middle]!.from <= place) low = middle;
      else high = middle - 1;
    }
    const piece = this.pieces[low]!;
    if (piece.note !== null) return { kind: "note", text: piece.note, depth: piece.depth };
    const inside = piece.offset + place - piece.from;
    if (piece.handles === null) return { kind: "group", index: inside };
    return { kind: "run", handle: piece.handles[inside]!, depth: piece.depth };
  }

  /** Handles of the runs between two places. */
  handlesBetween(first: number, end: number): number[] {
    const found: number[] = [];
    for (let place = Math.max(0, first); place < Math.min(end, this.count); place++) {
      const item = this.at(place);
      if (item?.kind === "run") found.push(item.handle);
    }
    return found;
  }

  /** The first runs, whatever stands between them. */
  firstRuns(count: number): number[] {
    const found: number[] = [];
    for (const piece of this.pieces) {
      if (found.length >= count) break;
      if (piece.handles === null || piece.note !== null) continue;
      found.push(
        ...piece.handles.slice(piece.offset, piece.offset + Math.min(piece.count, count - found.length)),
      );
    }
    return found;
  }

  private addRuns(handles: readonly number[], open: ReadonlyMap<number, Branch>, depth: number): void {
    let start = 0;
    if (open.size > 0 && depth < 8) {
      for (let i = 0; i < handles.length; i++) {
        const branch = open.get(handles[i]!);
        if (!branch) continue;
        this.add({ count: i + 1 - start, depth, handles, offset: start, note: null });
        this.addRuns(branch.handles, open, depth + 1);
        this.addNote(branch.note, depth + 1);
        start = i + 1;
      }
    }
    this.add({ count: handles.length - start, depth, handles, offset: start, note: null });
  }

  private addNote(note: string | null, depth: number): void {
    if (note !== null) this.add({ count: 1, depth, handles: null, offset: 0, note });
  }

  private add(piece: Omit<Piece, "from">): void {
    if (piece.count <= 0) return;
    this.pieces.push({ ...piece, from: this.count });
    this.count += piece.count;
  }
}

/** Lists that are unfolded, as branches. */
export function branchesOf(open: ReadonlyMap<number, RunList>): Map<number, Branch> {
  const found = new Map<number, Branch>();
  for (const [key, list] of open) found.set(key, { handles: list.handles, note: noteOf(list) });
  return found;
}

function noteOf(list: RunList): string | null {
  if (list.state === "waiting") return "Loading …";
  if (list.state === "broken")
    return `These runs could not be read: ${list.error instanceof Error ? list.error.message : "error"}`;
  return list.handles.length === 0 ? "No runs" : null;
}
