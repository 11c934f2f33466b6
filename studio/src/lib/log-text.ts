/** A part of a log that grows at its end, and at its beginning when earlier lines are wanted. Pure. */
interface Chunk {
  from: number;
  to: number;
  lines: string[];
}

const NEWLINE = 10;
const EMPTY = new Uint8Array();

export class LogText {
  private chunks: Chunk[] = [];
  /** After the last end of a line. */
  private rest: Uint8Array<ArrayBufferLike> = EMPTY;
  /** Where in the file the part ends. */
  end: number;

  /** @param start where in the file the part begins. */
  constructor(start: number) {
    this.end = start;
    this.begin = start;
  }

  private begin: number;

  /** Where in the file the part begins. */
  get start(): number {
    return this.chunks[0]?.from ?? this.begin;
  }

  /** All lines in order; an unfinished one is the last. */
  lines(): string[] {
    const all = this.chunks.flatMap((one) => one.lines);
    if (this.rest.length > 0) all.push(new TextDecoder().decode(this.rest));
    return all;
  }

  /** @param to where in the file one goes on: further than the bytes reach where some are missing in it. */
  append(bytes: Uint8Array, to = this.end + bytes.length): void {
    if (bytes.length === 0) {
      this.end = to;
      return;
    }
    const whole = joined(this.rest, bytes);
    const from = this.end - this.rest.length;
    this.end = to;
    const cut = whole.lastIndexOf(NEWLINE) + 1;
    if (cut > 0) this.chunks.push({ from, to: from + cut, lines: linesOf(whole.subarray(0, cut)) });
    this.rest = whole.slice(cut);
  }

  /**
   * Bytes that end where the part begins. What belongs to a line that began before them is left out.
   * @param at where in the file they begin.
   */
  prepend(bytes: Uint8Array, at = this.start - bytes.length): void {
    if (bytes.length === 0) return;
    if (this.chunks.length === 0 && this.rest.length === 0) {
      this.open(bytes, at);
      return;
    }
    const to = this.start;
    const cut = at === 0 ? 0 : (bytes.indexOf(NEWLINE) + 1) % bytes.length;
    const text = bytes.subarray(cut);
    this.begin = at + cut;
    if (text.length > 0) this.chunks.unshift({ from: at + cut, to, lines: linesOf(text) });
  }

  /** The first bytes that are known, which may end within a line. */
  private open(bytes: Uint8Array, at: number): void {
    const { end } = this;
    const cut = at === 0 ? 0 : (bytes.indexOf(NEWLINE) + 1) % bytes.length;
    this.begin = at + cut;
    this.end = at + cut;
    this.append(bytes.subarray(cut), end);
  }

  /** Forgets the earliest lines beyond a number. */
  shorten(most: number): void {
    let count = this.chunks.reduce((sum, one) => sum + one.lines.length, 0);
    while (this.chunks.length > 1 && count - this.chunks[0]!.lines.length >= most) {
      const gone = this.chunks.shift()!;
      count -= gone.lines.length;
      this.begin = gone.to;
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

function linesOf(bytes: Uint8Array): string[] {
  const lines = new TextDecoder().decode(bytes).split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
}
