/** What the list of models shows, in its address. */
import { anywhere } from "@/lib/filter-text";

export const PROMPT_TAG = "mlflow.prompt.is_prompt";

export interface Shown {
  q: string;
}

export function shownOf(search: Record<string, unknown>): Shown {
  return { q: typeof search.q === "string" || typeof search.q === "number" ? String(search.q) : "" };
}

export const addressOf = (shown: Shown): Record<string, string> => (shown.q ? { q: shown.q } : {});

export const filterOf = (shown: Shown): string =>
  shown.q.trim() ? `name ILIKE ${anywhere(shown.q.trim())}` : "";
