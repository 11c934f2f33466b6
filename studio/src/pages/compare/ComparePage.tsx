import { Page } from "@/components/Page";

export function ComparePage() {
  return <Page title="ComparePage">{null}</Page>;
}
