import { Page } from "@/components/Page";

export function ExperimentsPage() {
  return <Page title="ExperimentsPage">{null}</Page>;
}
