/** Which part of something long is in sight. Pure. */

export interface Span {
  first: number;
  /** Not included. */
  end: number;
}

/** Rows of one height between two places of a scrolled box, with some more at both ends. */
export function rowsInSight(
  top: number,
  height: number,
  rowHeight: number,
  count: number,
  more: number,
): Span {
  const first = Math.max(0, Math.floor(top / rowHeight) - more);
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + more);
  return { first: Math.min(first, count), end: Math.max(end, Math.min(first, count)) };
}

/** Where columns start, with the whole width at the end. */
export function startsOf(widths: readonly number[]): number[] {
  const starts = [0];
  for (const width of widths) starts.push(starts[starts.length - 1]! + width);
  return starts;
}

/** Columns that overlap a part of the width. */
export function columnsInSight(starts: readonly number[], left: number, right: number): Span {
  const count = starts.length - 1;
  let first = 0;
  while (first < count && starts[first + 1]! <= left) first += 1;
  let end = first;
  while (end < count && starts[end]! < right) end += 1;
  return { first, end };
}

/** Moves one thing of a list to before another place. */
export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = list.filter((_, i) => i !== from);
  const one = list[from];
  if (one === undefined) return [...list];
  rest.splice(Math.max(0, Math.min(to > from ? to - 1 : to, rest.length)), 0, one);
  return rest;
}
