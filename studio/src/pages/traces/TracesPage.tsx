import { Page } from "@/components/Page";

export function TracesPage() {
  return <Page title="TracesPage">{null}</Page>;
}
