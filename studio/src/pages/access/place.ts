/** A scope in words. Pure. */

export function place(scope: string): string {
  const parts = scope.split("/").filter(Boolean);
  if (parts.length === 0) return "the whole server";
  const name = decodeURIComponent(parts[parts.length - 1] ?? "");
  const kind = parts[parts.length - 2] ?? "";
  const words: Record<string, string> = {
    subscriptions: "subscription",
    resourceGroups: "resource group",
    workspaces: "workspace",
    experiments: "experiment",
  };
  return `${words[kind] ?? kind} ${name}`.trim();
}

/** Whether a scope lies above another, so that what is given there is inherited. */
export const isAbove = (scope: string, other: string): boolean =>
  scope !== other && `${other.replace(/\/$/, "")}/`.startsWith(`${scope.replace(/\/$/, "")}/`);
