/** What the file `MLmodel` of a model's folder says: flavors, signature. Pure. */
export interface ModelColumn {
  name: string;
  type: string;
  required: boolean;
}

export interface ModelAbout {
  /** `python_function` is among them where any pyfunc can load it. */
  flavors: string[];
  inputs: ModelColumn[];
  outputs: ModelColumn[];
  params: ModelColumn[];
  /** Plain facts in the order of the file. */
  facts: [string, string][];
}

const FACTS: Record<string, string> = {
  mlflow_version: "MLflow",
  utc_time_created: "Made (UTC)",
  model_size_bytes: "Bytes",
  model_uuid: "Model UUID",
  run_id: "Run",
  databricks_runtime: "Runtime",
};

export function parseMlmodel(text: string): ModelAbout {
  const found = mapping(text);
  const flavors = found.get("flavors");
  const signature = found.get("signature");
  const part = (name: string) => (signature instanceof Map ? columnsOf(signature.get(name)) : []);
  return {
    flavors: flavors instanceof Map ? [...flavors.keys()] : [],
    inputs: part("inputs"),
    outputs: part("outputs"),
    params: part("params"),
    facts: Object.entries(FACTS).flatMap(([key, name]) => {
      const value = found.get(key);
      return typeof value === "string" && value !== "null" ? [[name, value] as [string, string]] : [];
    }),
  };
}

type Node = string | Map<string, Node>;

/** Mappings and scalars of YAML, as MLflow writes them; lists are left as their text. */
function mapping(text: string): Map<string, Node> {
  const root = new Map<string, Node>();
  const open: { indent: number; into: Map<string, Node> }[] = [{ indent: -1, into: root }];
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const found = /^( *)([^\s#:'"-][^:]*):(?: +(.*))?$/.exec(lines[i]!);
    if (!found) continue;
    const indent = found[1]!.length;
    const key = found[2]!.trim();
    let value = (found[3] ?? "").trim();
    while (open.length > 1 && open[open.length - 1]!.indent >= indent) open.pop();
    const into = open[open.length - 1]!.into;
    const next = lines[i + 1] ?? "";
    if (value === "" || value.startsWith("&")) {
      if (/^ *- /.test(next)) {
        into.set(key, "");
        continue;
      }
      const made = new Map<string, Node>();
      into.set(key, made);
      open.push({ indent, into: made });
      continue;
    }
    const quote = value[0];
    if (quote === "'" || quote === '"') {
      while (!closed(value, quote) && i + 1 < lines.length) value += ` ${lines[++i]!.trim()}`;
      value = unquoted(value, quote);
    } else {
      // A plain text goes on in lines that are set in further.
      while (
        /^\s/.test(lines[i + 1] ?? "") &&
        depth(lines[i + 1]!) > indent &&
        !/^ *[\w.]+:( |$)/.test(lines[i + 1]!)
      )
        value += ` ${lines[++i]!.trim()}`;
    }
    into.set(key, value);
  }
  return root;
}

const depth = (line: string): number => line.length - line.trimStart().length;

function closed(text: string, quote: string): boolean {
  if (text.length < 2 || !text.endsWith(quote)) return false;
  if (quote === '"') return !/(^|[^\\])(\\\\)*\\"$/.test(text);
  return /[^']('')*'$/.test(text) || /^'('')*'$/.test(text);
}

function unquoted(text: string, quote: string): string {
  const inner = text.slice(1, text.endsWith(quote) ? -1 : undefined);
  if (quote === "'") return inner.replaceAll("''", "'");
  try {
    return JSON.parse(`"${inner.replace(/\\ /g, " ")}"`) as string;
  } catch {
    return inner;
  }
}

function columnsOf(node: Node | undefined): ModelColumn[] {
  if (typeof node !== "string") return [];
  try {
    const list: unknown = JSON.parse(node);
    return Array.isArray(list) ? list.map((one, i) => columnOf(one as Record<string, unknown>, i)) : [];
  } catch {
    return [];
  }
}

function columnOf(one: Record<string, unknown>, place: number): ModelColumn {
  const tensor = one["tensor-spec"] as { dtype?: string; shape?: number[] } | undefined;
  const type = tensor ? `${tensor.dtype} (${(tensor.shape ?? []).join(", ")})` : typeText(one);
  const name = typeof one.name === "string" ? one.name : `(${place + 1})`;
  return { name, type, required: one.required !== false && one.optional !== true };
}

function typeText(one: Record<string, unknown>): string {
  const { type, items, properties } = one as {
    type?: string;
    items?: Record<string, unknown>;
    properties?: Record<string, Record<string, unknown>>;
  };
  if (items) return `array of ${typeText(items)}`;
  if (properties)
    return `{${Object.entries(properties)
      .map(([name, about]) => `${name}: ${typeText(about)}`)
      .join(", ")}}`;
  return type ?? "any";
}

/** Python that loads it; a flavor's own loader beside the general one. */
export function loadSnippet(uri: string, flavors: readonly string[]): string {
  const own = flavors.find((one) => one !== "python_function" && /^[a-z_]+$/.test(one));
  const text = JSON.stringify(uri);
  const lines = ["import mlflow", ""];
  if (flavors.includes("python_function") || !own)
    lines.push(`model = mlflow.pyfunc.load_model(${text})`, "model.predict(data)");
  if (own)
    lines.push(
      ...(lines.length > 2 ? ["", `# as ${own} made it`] : []),
      `model = mlflow.${own}.load_model(${text})`,
    );
  return lines.join("\n");
}
