/** What may come next while somebody types a filter in MLflow's grammar: name, operator, value, AND. Pure. */
import { STATUS } from "@/components/Status";
import { quoted } from "@/lib/filter-text";

export type Expected = "name" | "operator" | "value" | "and";

export interface Place {
  expects: Expected;
  /** Where the piece begins that is being typed. */
  from: number;
  typed: string;
  /** Of the comparison that one is in. */
  name: string;
}

export interface Suggestion {
  text: string;
  /** What replaces the piece. */
  insert: string;
  hint: string;
}

const PIECES: Record<Expected, RegExp> = {
  name: /(?:[^\s=<>!~'"()`,]|`[^`]*(?:`|$))+/y,
  operator:
    /[=<>!~]+|not\s+in\b|is\s+not\s+null\b|is\s+null\b|[a-z]+(?:\s+(?:n|no|not|nu|nul|i)(?:\s+n?u?l?)?)?$|[a-z]+/iy,
  value: /'[^']*(?:'|$)|"[^"]*(?:"|$)|\([^)]*(?:\)|$)|[^\s'"()]+/y,
  and: /[^\s]+/y,
};
const NEXT: Record<Expected, Expected> = { name: "operator", operator: "value", value: "and", and: "name" };

/** Where one is in the grammar when the caret is there. */
export function placeAt(text: string, caret: number): Place {
  const before = text.slice(0, caret);
  let at = 0;
  let expects: Expected = "name";
  let name = "";
  for (;;) {
    while (at < before.length && /\s/.test(before[at]!)) at += 1;
    const pattern: RegExp = PIECES[expects];
    pattern.lastIndex = at;
    const piece: string = pattern.exec(before)?.[0] ?? "";
    const end = at + piece.length;
    if (piece === "" || (end === before.length && !isWhole(expects, piece)))
      return { expects, from: at, typed: before.slice(at), name };
    if (expects === "name") name = piece;
    const nothing: boolean = expects === "operator" && /null$/i.test(piece);
    expects = nothing ? "and" : NEXT[expects];
    at = end;
  }
}

/** Nothing that could be typed next would belong to it. */
function isWhole(expects: Expected, piece: string): boolean {
  if (expects === "operator") return /^[=<>!~]+$/.test(piece) || /null$/i.test(piece);
  if (expects === "value") return piece.length > 1 && /['")]$/.test(piece);
  return false;
}

export interface Key {
  kind: "metric" | "param" | "tag";
  key: string;
}

const ATTRIBUTES: [string, string][] = [
  ["status", "RUNNING, FINISHED …"],
  ["run_name", "the run's name"],
  ["start_time", "milliseconds"],
  ["end_time", "milliseconds"],
  ["user_id", "who started it"],
  ["run_id", ""],
  ["artifact_uri", ""],
];
const DATASETS = ["name", "digest", "context"];
const MOST = 12;

/** The family and key of a name as typed; families may be written in several ways. */
export function namePartsOf(name: string): { family: string; key: string } {
  const dot = name.indexOf(".");
  const family = dot < 0 ? "attribute" : name.slice(0, dot).toLowerCase().replace(/s$/, "");
  const key = (dot < 0 ? name : name.slice(dot + 1)).replace(/^`|`$/g, "");
  return {
    family: family === "parameter" ? "param" : /^(attr|run)$/.test(family) ? "attribute" : family,
    key,
  };
}

/** Keys in backticks always: then none is taken for one with a statistic. */
export const nameOfKey = (one: Key): string =>
  `${one.kind}s.${/^\w+$/.test(one.key) ? one.key : `\`${one.key}\``}`;

export function suggestNames(typed: string, keys: readonly Key[]): Suggestion[] {
  const wanted = typed.toLowerCase().replaceAll("`", "");
  const names = [
    ...ATTRIBUTES.map(([key, hint]) => ({ text: `attributes.${key}`, insert: `attributes.${key} `, hint })),
    ...keys.map((one) => ({
      text: `${one.kind}s.${one.key}`,
      insert: `${nameOfKey(one)} `,
      hint: one.kind,
    })),
    ...DATASETS.map((key) => ({ text: `datasets.${key}`, insert: `datasets.${key} `, hint: "input" })),
  ];
  const rank = (text: string): number => {
    const low = text.toLowerCase();
    if (low.startsWith(wanted)) return 0;
    const key = low.slice(low.indexOf(".") + 1);
    return key.startsWith(wanted) ? 1 : low.includes(wanted) ? 2 : 3;
  };
  return names
    .map((one) => ({ one, rank: rank(one.text) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ one }) => one);
}

const COMPARED: [string, string][] = [
  ["=", "is"],
  ["!=", "is not"],
  [">", "more than"],
  [">=", "at least"],
  ["<", "less than"],
  ["<=", "at most"],
];
const ALIKE: [string, string][] = [
  ["LIKE", "% stands for anything"],
  ["ILIKE", "the same, capitals or not"],
];

export function suggestOperators(typed: string, name: string): Suggestion[] {
  const { family, key } = namePartsOf(name);
  const numeric = family === "metric" || (family === "attribute" && /_time$|^created$/i.test(key));
  const fixed = family === "attribute" && key === "status";
  const operators: [string, string][] = numeric
    ? COMPARED
    : [
        ...COMPARED.slice(0, 2),
        ...(fixed ? [] : ALIKE),
        ...(family === "dataset" || (family === "attribute" && key === "run_id")
          ? ([["IN", "one of ('a', 'b')"]] as [string, string][])
          : []),
        ...(family === "param" || family === "tag"
          ? ([
              ["IS NULL", "has none"],
              ["IS NOT NULL", "has one"],
            ] as [string, string][])
          : []),
      ];
  const wanted = typed.toUpperCase().replace(/\s+/g, " ");
  return operators
    .filter(([text]) => text.startsWith(wanted) && text !== wanted)
    .map(([text, hint]) => ({ text, insert: `${text} `, hint }));
}

const AGES: [string, number][] = [
  ["an hour ago", 3_600_000],
  ["a day ago", 86_400_000],
  ["a week ago", 604_800_000],
  ["30 days ago", 2_592_000_000],
];

/** @param values of the param or tag, from the server. */
export function suggestValues(
  typed: string,
  name: string,
  values: readonly string[],
  now: number,
): Suggestion[] {
  const { family, key } = namePartsOf(name);
  const wanted = typed.replace(/^['"]/, "").toLowerCase();
  if (family === "attribute" && /_time$|^created$/i.test(key))
    return AGES.map(([hint, ms]) => {
      const text = String(Math.floor((now - ms) / 60_000) * 60_000);
      return { text, insert: `${text} `, hint };
    });
  const known = family === "attribute" && key === "status" ? Object.values(STATUS) : values;
  return known
    .filter((one) => one.toLowerCase().startsWith(wanted))
    .slice(0, MOST)
    .map((one) => ({ text: one === "" ? "''" : one, insert: `${quoted(one)} `, hint: "" }));
}

export const suggestAnd = (typed: string): Suggestion[] =>
  "AND".startsWith(typed.toUpperCase()) && typed.length < 3
    ? [{ text: "AND", insert: "AND ", hint: "and another comparison" }]
    : [];

/** The text with a suggestion in its place, and where the caret is then. */
export function accept(
  text: string,
  caret: number,
  place: Place,
  one: Suggestion,
): { text: string; caret: number } {
  const before = text.slice(0, place.from) + one.insert;
  return { text: before + text.slice(caret).trimStart(), caret: before.length };
}
