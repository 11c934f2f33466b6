/** Texts of terminals: colours as names of classes, everything else that a terminal would do left out. Pure. */
export interface Piece {
  text: string;
  /** Names such as `red`, `brightBlue`, `bold`, `dim`, `underline`. */
  styles: string[];
}

const COLORS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const SEQUENCE = /\u001b(?:\[([0-9;:?]*)([ -/]*[@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f]/g;

export interface AnsiState {
  color: string | null;
  marks: ReadonlySet<string>;
}
export const PLAIN: AnsiState = { color: null, marks: new Set() };

/** One line, without its end. Colours last beyond the line: the state goes to the next one. */
export function ansiLine(line: string, before: AnsiState = PLAIN): { pieces: Piece[]; state: AnsiState } {
  if (!line.includes("\u001b")) return { pieces: pieceOf(redrawn(line), before), state: before };
  const text = redrawn(line);
  const pieces: Piece[] = [];
  let state = before;
  let place = 0;
  for (const found of text.matchAll(SEQUENCE)) {
    pieces.push(...pieceOf(text.slice(place, found.index), state));
    place = found.index + found[0].length;
    if (found[2] === "m") state = styled(state, found[1] ?? "");
  }
  pieces.push(...pieceOf(text.slice(place), state));
  return { pieces, state };
}

/** What is left of it as plain text. */
export const plain = (line: string): string =>
  line.includes("\u001b") || line.includes("\r") || line.search(CONTROLS) >= 0
    ? ansiLine(line)
        .pieces.map((one) => one.text)
        .join("")
    : line;

/** Progress bars draw over themselves: what was drawn last is seen. */
function redrawn(line: string): string {
  let end = line.length;
  while (end > 0 && line[end - 1] === "\r") end -= 1;
  return line.slice(end > 0 ? line.lastIndexOf("\r", end - 1) + 1 : 0, end);
}

function pieceOf(text: string, { color, marks }: AnsiState): Piece[] {
  const clean = text.replace(CONTROLS, "").replaceAll("\u001b", "");
  return clean ? [{ text: clean, styles: [...(color ? [color] : []), ...marks] }] : [];
}

function styled(before: AnsiState, codes: string): AnsiState {
  let { color } = before;
  const marks = new Set(before.marks);
  const list = codes.split(/[;:]/).map(Number);
  for (let i = 0; i < list.length; i++) {
    const code = list[i]!;
    if (code === 0) {
      color = null;
      marks.clear();
    } else if (code === 1) marks.add("bold");
    else if (code === 2) marks.add("dim");
    else if (code === 4) marks.add("underline");
    else if (code === 22) {
      marks.delete("bold");
      marks.delete("dim");
    } else if (code === 24) marks.delete("underline");
    else if (code >= 30 && code <= 37) color = COLORS[code - 30]!;
    else if (code >= 90 && code <= 97) color = bright(COLORS[code - 90]!);
    else if (code === 39) color = null;
    else if (code === 38 || code === 48) {
      // 38;5;N names one of 256 colours, of which the first sixteen have names; 38;2;R;G;B are left out.
      const one = list[i + 2];
      if (list[i + 1] === 5 && code === 38 && one !== undefined)
        color = one < 8 ? COLORS[one]! : one < 16 ? bright(COLORS[one - 8]!) : color;
      i += list[i + 1] === 5 ? 2 : 4;
    }
  }
  return { color, marks };
}

const bright = (name: string): string => `bright${name[0]!.toUpperCase()}${name.slice(1)}`;
