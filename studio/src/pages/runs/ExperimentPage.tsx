import { Page } from "@/components/Page";

export function ExperimentPage() {
  return <Page title="ExperimentPage">{null}</Page>;
}
