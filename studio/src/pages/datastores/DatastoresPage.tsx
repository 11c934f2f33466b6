import { Page } from "@/components/Page";

export function DatastoresPage() {
  return <Page title="DatastoresPage">{null}</Page>;
}
