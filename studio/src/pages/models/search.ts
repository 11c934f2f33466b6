/** What the pages of models show, in their addresses. Pure. */
import { PROMPTS } from "@/api/models";
import { anywhere } from "@/lib/filter-text";

export interface Shown {
  q: string;
  kind: "model" | "prompt";
}

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export function shownOf(search: Record<string, unknown>): Shown {
  return { q: text(search.q), kind: search.kind === "prompt" ? "prompt" : "model" };
}

export const addressOf = (shown: Shown): Record<string, string> => ({
  ...(shown.q && { q: shown.q }),
  ...(shown.kind === "prompt" && { kind: shown.kind }),
});

export function filterOf(shown: Shown): string {
  const parts = [];
  if (shown.q.trim()) parts.push(`name ILIKE ${anywhere(shown.q.trim())}`);
  if (shown.kind === "prompt") parts.push(PROMPTS);
  return parts.join(" AND ");
}

export const TABS = ["versions", "text", "load", "history"] as const;
export type Tab = (typeof TABS)[number];

/** The page of one model. Versions: of a prompt, whose text is shown, and the one that it is compared with. */
export interface ModelShown {
  tab: Tab;
  version: string | null;
  against: string | null;
}

const number = (value: unknown): string | null => (/^[1-9]\d{0,9}$/.test(text(value)) ? text(value) : null);

export const modelShownOf = (search: Record<string, unknown>): ModelShown => ({
  tab: TABS.find((one) => one === search.tab) ?? "versions",
  version: number(search.version),
  against: number(search.against),
});

export const modelAddressOf = (shown: ModelShown): Record<string, string | number> => ({
  ...(shown.tab !== "versions" && { tab: shown.tab }),
  ...(shown.version && { version: Number(shown.version) }),
  ...(shown.against && { against: Number(shown.against) }),
});
