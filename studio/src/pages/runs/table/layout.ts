/** Where the columns of the table are. Pure. */
import { attributeId, type Column, columnOf, NAME, widthOf } from "@/lib/run-columns";
import { startsOf } from "@/lib/window";

export const ROW_HEIGHT = 34;
export const HEAD_HEIGHT = 46;
/** The box for choosing and the eye, before the name. */
export const TOOLS_WIDTH = 66;
const MOST_PINNED_SHARE = 0.7;

export interface Layout {
  /** The name first, then those that stay while one scrolls sideways, then the others. */
  columns: readonly Column[];
  pinned: number;
  widths: readonly number[];
  /** Of pinned columns from the left edge, of others from the end of the pinned ones. */
  lefts: readonly number[];
  pinnedWidth: number;
  /** Starts of the columns that are not pinned, for scrolling. */
  starts: readonly number[];
  width: number;
}

export function layoutOf(
  ids: readonly string[],
  pins: readonly string[],
  widths: Readonly<Record<string, number>>,
  boxWidth: number,
): Layout {
  const narrow = boxWidth > 0 && boxWidth < 640;
  const size = (column: Column): number =>
    widths[column.id] ?? (column.id === NAME && narrow ? 150 : widthOf(column));
  const name = columnOf(NAME)!;
  const all = ids.flatMap((id) => (id === NAME ? [] : (columnOf(id) ?? [])));
  const front = [name];
  let room = (boxWidth || 1_200) * MOST_PINNED_SHARE - TOOLS_WIDTH - size(name);
  for (const one of all) {
    room -= pins.includes(one.id) ? size(one) : 0;
    // What is pinned must leave room for what scrolls.
    if (pins.includes(one.id) && room >= 0) front.push(one);
  }
  const rest = all.filter((one) => !front.includes(one));
  const columns = [...front, ...rest];
  const wide = columns.map(size);
  const frontStarts = startsOf(wide.slice(0, front.length)).map((one) => one + TOOLS_WIDTH);
  const starts = startsOf(wide.slice(front.length));
  const pinnedWidth = frontStarts[front.length]!;
  return {
    columns,
    pinned: front.length,
    widths: wide,
    lefts: [...frontStarts.slice(0, front.length), ...starts.slice(0, rest.length)],
    pinnedWidth,
    starts,
    width: pinnedWidth + starts[rest.length]!,
  };
}

/** What a table shows at least, before anything is known. */
export const FIRST_COLUMNS = [attributeId("status"), attributeId("start"), attributeId("duration")];
