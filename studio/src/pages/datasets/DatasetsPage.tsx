import { SegmentedControl } from "@mantine/core";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { Page } from "@/components/Page";
import { DatasetDrawer } from "@/pages/datasets/DatasetDrawer";
import { RegisteredDatasets } from "@/pages/datasets/RegisteredDatasets";
import { UsedDatasets } from "@/pages/datasets/UsedDatasets";

const ROUTE = "/inside/workspaces/$workspace/datasets";
const VIEWS = ["active", "archived", "used"] as const;

/** Registered datasets, one of them with its versions beside the list; and the data that runs read. */
export function DatasetsPage() {
  const { workspace } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const view = VIEWS.find((one) => one === search.view) ?? "active";
  const name =
    typeof search.name === "string" || typeof search.name === "number" ? String(search.name) : null;
  const version = typeof search.version === "number" ? search.version : null;
  const navigate = useNavigate({ from: "/workspaces/$workspace/datasets" });
  const of = (next: string) => (next === "active" ? {} : { view: next });
  const show = (changed: { name?: string; version?: number }) =>
    navigate({ search: { ...of(view), ...changed }, replace: true });
  return (
    <Page title="Datasets">
      <SegmentedControl
        mb="sm"
        aria-label="Which datasets"
        value={view}
        onChange={(next) => navigate({ search: of(next), replace: true })}
        data={[
          { value: "active", label: "Registered" },
          { value: "archived", label: "Archived" },
          { value: "used", label: "Used by runs" },
        ]}
      />
      {view === "used" ? (
        <UsedDatasets workspace={workspace} />
      ) : (
        <RegisteredDatasets
          workspace={workspace}
          archived={view === "archived"}
          onOpen={(opened) => show({ name: opened })}
        />
      )}
      <DatasetDrawer
        workspace={workspace}
        name={name}
        version={version}
        onVersion={(next) => name !== null && show({ name, version: next })}
        onClose={() => show({})}
      />
    </Page>
  );
}
