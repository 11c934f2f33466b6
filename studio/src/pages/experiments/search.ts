/** What the list of experiments shows, in its address. */
import type { ExperimentSearch } from "@/api/experiments";
import { anywhere, key, quoted } from "@/lib/filter-text";

export type View = "active" | "archived" | "deleted";
export const ARCHIVED = "runyard.archived";
export const ORDERS = {
  changed: "last_update_time DESC",
  newest: "creation_time DESC",
  oldest: "creation_time ASC",
  name: "name ASC",
} as const;
export type Order = keyof typeof ORDERS;

export interface Shown {
  q: string;
  tag: string;
  view: View;
  order: Order;
}

/** Whatever an address holds, as something that can be shown. */
export function shownOf(search: Record<string, unknown>): Shown {
  const text = (value: unknown) =>
    typeof value === "string" || typeof value === "number" ? String(value) : "";
  return {
    q: text(search.q),
    tag: text(search.tag),
    view: search.view === "archived" || search.view === "deleted" ? search.view : "active",
    order:
      typeof search.order === "string" && Object.hasOwn(ORDERS, search.order)
        ? (search.order as Order)
        : "changed",
  };
}

/** The address of something shown; what is as usual is left out. */
export function addressOf(shown: Shown): Record<string, string> {
  const usual = shownOf({});
  return Object.fromEntries(
    Object.entries(shown).filter(([name, value]) => value !== usual[name as keyof Shown]),
  );
}

/** A tag typed as `key` or `key=value`. */
export function tagFilter(text: string): string {
  const [name = "", ...rest] = text.split("=");
  const value = rest.join("=").trim();
  return value === "" ? `tags.${key(name.trim())} LIKE '%'` : `tags.${key(name.trim())} = ${quoted(value)}`;
}

export function searchOf(shown: Shown): ExperimentSearch {
  const clauses = [];
  if (shown.q.trim()) clauses.push(`name ILIKE ${anywhere(shown.q.trim())}`);
  if (shown.tag.trim()) clauses.push(tagFilter(shown.tag));
  if (shown.view === "archived") clauses.push(`tags.${key(ARCHIVED)} = 'true'`);
  return {
    filter: clauses.join(" AND "),
    order_by: [ORDERS[shown.order]],
    view_type: shown.view === "deleted" ? "DELETED_ONLY" : "ACTIVE_ONLY",
  };
}
