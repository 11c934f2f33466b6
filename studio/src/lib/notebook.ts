/** Jupyter notebooks: cells and what they put out, as far as it can be shown safely. Pure. */
export interface Picture {
  kind: "picture";
  /** A `data:` address. */
  source: string;
}
export interface Words {
  kind: "words" | "error" | "markdown";
  text: string;
}
export interface Cell {
  kind: "code" | "markdown" | "raw";
  source: string;
  number: number | null;
  outputs: (Picture | Words)[];
}
export interface Notebook {
  language: string;
  cells: Cell[];
  /** How many there are beyond those. */
  left: number;
}

const MOST_CELLS = 1_000;

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** Throws when it is no notebook. */
export function parseNotebook(text: string): Notebook {
  const raw = JSON.parse(text) as Record<string, unknown>;
  // Notebooks of version 3 keep their cells in worksheets.
  const sheets = raw.worksheets as { cells?: unknown[] }[] | undefined;
  const cells = (raw.cells ?? sheets?.flatMap((one) => one.cells ?? [])) as
    | Record<string, unknown>[]
    | undefined;
  if (!Array.isArray(cells)) throw new Error("This is no notebook: it has no cells.");
  const meta = raw.metadata as
    | { kernelspec?: { language?: unknown }; language_info?: { name?: unknown } }
    | undefined;
  const language = meta?.language_info?.name ?? meta?.kernelspec?.language;
  return {
    language: typeof language === "string" ? language : "python",
    cells: cells.slice(0, MOST_CELLS).map(cellOf),
    left: Math.max(0, cells.length - MOST_CELLS),
  };
}

function cellOf(raw: Record<string, unknown>): Cell {
  const kind = raw.cell_type === "code" ? "code" : raw.cell_type === "markdown" ? "markdown" : "raw";
  const number = raw.execution_count ?? raw.prompt_number;
  const outputs = Array.isArray(raw.outputs) ? (raw.outputs as Record<string, unknown>[]) : [];
  return {
    kind,
    source: joined(raw.source ?? raw.input),
    number: typeof number === "number" ? number : null,
    outputs: outputs.flatMap(outputOf),
  };
}

function outputOf(raw: Record<string, unknown>): (Picture | Words)[] {
  if (raw.output_type === "stream") return [{ kind: "words", text: joined(raw.text) }];
  if (raw.output_type === "error" || raw.output_type === "pyerr") {
    const trace = joined(raw.traceback, "\n");
    return [{ kind: "error", text: trace || `${raw.ename}: ${raw.evalue}` }];
  }
  const data = (raw.data ?? raw) as Record<string, unknown>;
  for (const type of PICTURES) {
    const bytes = joined(data[type]).replace(/\s/g, "");
    if (bytes && /^[A-Za-z0-9+/=]+$/.test(bytes))
      return [{ kind: "picture", source: `data:${type};base64,${bytes}` }];
  }
  const drawing = joined(data["image/svg+xml"]);
  if (drawing)
    return [{ kind: "picture", source: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}` }];
  const written = joined(data["text/markdown"]);
  if (written) return [{ kind: "markdown", text: written }];
  const text = joined(data["text/plain"] ?? data.text);
  if (text) return [{ kind: "words", text }];
  // Pages of notebooks are never shown as pages: only their words.
  const page = joined(data["text/html"]);
  return page ? [{ kind: "words", text: page.replace(/<[^<>]*>/g, " ").replace(/\s{2,}/g, " ") }] : [];
}

const joined = (raw: unknown, by = ""): string =>
  Array.isArray(raw) ? raw.map(String).join(by) : typeof raw === "string" ? raw : "";
