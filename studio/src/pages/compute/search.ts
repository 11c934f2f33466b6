/** Which compute target is shown, and which part of it, in the page's address. Pure. */
export const TABS = ["nodes", "queue", "runs", "settings", "sizes"] as const;
export type Tab = (typeof TABS)[number];

export interface Shown {
  /** null: the list. */
  name: string | null;
  tab: Tab;
}

const text = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";

export const shownOf = (search: Record<string, unknown>): Shown => ({
  name: text(search.name) || null,
  tab: TABS.find((one) => one === search.tab) ?? "nodes",
});

export const addressOf = ({ name, tab }: Shown): Record<string, string> => ({
  ...(name ? { name } : {}),
  ...(name && tab !== "nodes" ? { tab } : {}),
});
