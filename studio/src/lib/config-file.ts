/** config.json of a workspace: what the SDK's from_config() and the command line read. */
import type { Workspace } from "@/api/workspaces";

export function configFile(workspace: Workspace, server: string): string {
  const fields = {
    subscription_id: workspace.subscription,
    resource_group: workspace.group,
    workspace_name: workspace.name,
    server,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

/** Hands a text to the browser as a file. */
export function download(name: string, content: string | Blob, type = "application/json"): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
