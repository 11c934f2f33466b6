import { Page } from "@/components/Page";

export function ServerAccessPage() {
  return <Page title="ServerAccessPage">{null}</Page>;
}
