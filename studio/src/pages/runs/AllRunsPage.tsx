import { Page } from "@/components/Page";

export function AllRunsPage() {
  return <Page title="AllRunsPage">{null}</Page>;
}
