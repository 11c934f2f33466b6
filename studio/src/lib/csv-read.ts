/** Reads CSV and TSV (RFC 4180) piece by piece. Pure. */

/** What parts the fields, judged by the first line. */
export function delimiterOf(path: string, text: string): string {
  if (/\.tsv$/i.test(path)) return "\t";
  const line = text.slice(0, text.search(/[\r\n]/) >>> 0 || undefined);
  const count = (one: string) => line.split(one).length;
  return [",", ";", "\t", "|"].reduce((best, one) => (count(one) > count(best) ? one : best), ",");
}

/** A reader that is fed with pieces of text; `rows` holds what is complete so far. */
export class CsvReader {
  readonly rows: string[][] = [];
  private row: string[] = [];
  private field = "";
  private quoted = false;
  /** A quote inside of quotes was the last character: another one makes it a quote, all else ends them. */
  private perhaps = false;
  private carriage = false;
  private begun = false;

  constructor(private readonly delimiter: string) {}

  push(text: string): void {
    const start = this.rows.length === 0 && !this.begun && text.charCodeAt(0) === 0xfeff ? 1 : 0;
    for (let i = start; i < text.length; i++) this.take(text[i]!);
  }

  /** There is no more. */
  end(): void {
    if (this.begun) this.closeRow();
  }

  private take(one: string): void {
    if (this.perhaps) {
      this.perhaps = false;
      if (one === '"') {
        this.field += one;
        return;
      }
      this.quoted = false;
    }
    if (this.quoted) {
      if (one === '"') this.perhaps = true;
      else this.field += one;
      return;
    }
    const after = this.carriage;
    this.carriage = one === "\r";
    if (one === "\n" && after) return;
    if (one === "\n" || one === "\r") {
      if (this.begun) this.closeRow();
      return;
    }
    this.begun = true;
    if (one === this.delimiter) this.closeField();
    else if (one === '"' && this.field === "") this.quoted = true;
    else this.field += one;
  }

  private closeField(): void {
    this.row.push(this.field);
    this.field = "";
  }

  private closeRow(): void {
    this.closeField();
    this.rows.push(this.row);
    this.row = [];
    this.begun = false;
    this.quoted = false;
    this.perhaps = false;
  }
}
