import { Page } from "@/components/Page";

export function TrashPage() {
  return <Page title="TrashPage">{null}</Page>;
}
