import { Page } from "@/components/Page";

export function WorkspaceAccessPage() {
  return <Page title="WorkspaceAccessPage">{null}</Page>;
}
