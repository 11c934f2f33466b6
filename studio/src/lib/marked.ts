/** Where a text that is looked for occurs in a coloured line. Pure. */
import type { Piece } from "@/lib/ansi";

export interface Stretch {
  hit: boolean;
  pieces: Piece[];
}

/** @param wanted in small letters, not empty. */
export function marked(pieces: readonly Piece[], wanted: string): Stretch[] {
  const text = pieces.map((one) => one.text).join("");
  const low = text.toLowerCase();
  // Few letters have another length in small: then their places are not known, and nothing is marked.
  if (low.length !== text.length) return [{ hit: false, pieces: [...pieces] }];
  const found: Stretch[] = [];
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    if (at > from) found.push({ hit: false, pieces: cut(pieces, from, at) });
    found.push({ hit: true, pieces: cut(pieces, at, at + wanted.length) });
    from = at + wanted.length;
  }
  if (from < text.length) found.push({ hit: false, pieces: cut(pieces, from, text.length) });
  return found;
}

function cut(pieces: readonly Piece[], from: number, to: number): Piece[] {
  const found: Piece[] = [];
  let place = 0;
  for (const piece of pieces) {
    const text = piece.text.slice(Math.max(0, from - place), Math.max(0, to - place));
    if (text) found.push({ text, styles: piece.styles });
    place += piece.text.length;
  }
  return found;
}
