import { Group, SegmentedControl } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type Dataset, datasetsQuery } from "@/api/datasets";
import { CodeToCopy } from "@/components/Copy";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { DatasetDrawer } from "@/pages/datasets/DatasetDrawer";

const ROUTE = "/inside/workspaces/$workspace/datasets";
const HOW = `from runyard import Dataset, Workspace

ws = Workspace.from_config()
data = Dataset.Tabular.from_delimited_files((ws.get_default_datastore(), "customers/*.csv"))
data.register(ws, "customers")`;

/** Registered datasets; one of them, with its versions, beside the list. */
export function DatasetsPage() {
  const { workspace } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const archived = search.view === "archived";
  const name = typeof search.name === "string" ? search.name : null;
  const version = typeof search.version === "number" ? search.version : null;
  const navigate = useNavigate({ from: "/workspaces/$workspace/datasets" });
  const found = useInfiniteQuery(datasetsQuery(workspace, archived));
  const rows = (found.data?.pages.flatMap((page) => page.items) ?? []).filter(
    (one) => one.archived === archived,
  );
  const show = (changed: { name?: string; version?: number }) =>
    navigate({ search: { ...(archived ? { view: "archived" } : {}), ...changed }, replace: true });
  return (
    <Page title="Datasets">
      <SegmentedControl
        mb="sm"
        aria-label="Which datasets"
        value={archived ? "archived" : "active"}
        onChange={(view) => navigate({ search: view === "archived" ? { view } : {}, replace: true })}
        data={[
          { value: "active", label: "Active" },
          { value: "archived", label: "Archived" },
        ]}
      />
      {found.isPending && <Waiting label="Loading datasets" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty
          title={archived ? "Nothing is archived" : "No dataset is registered yet"}
          icon={<IconTable size={28} aria-hidden />}
        >
          {!archived && (
            <>
              <p>A dataset gives files of a datastore a name and versions. With the SDK:</p>
              <CodeToCopy text={HOW} />
            </>
          )}
        </Empty>
      )}
      {rows.length > 0 && <DatasetTable rows={rows} onOpen={(one) => show({ name: one.name })} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
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

function DatasetTable({ rows, onOpen }: { rows: Dataset[]; onOpen: (dataset: Dataset) => void }) {
  return (
    <div className="panel" style={{ overflowX: "auto" }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">Version</th>
            <th scope="col">Description</th>
            <th scope="col">Made</th>
            <th scope="col">By</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.name}>
              <td className="ellipsis" style={{ maxWidth: 280 }}>
                <button type="button" className="linklike" title={one.name} onClick={() => onOpen(one)}>
                  {one.name}
                </button>
              </td>
              <td>{one.kind}</td>
              <td className="numeric">{one.latest_version}</td>
              <td className="ellipsis" style={{ maxWidth: 360 }} title={one.description}>
                {one.description}
              </td>
              <td style={{ whiteSpace: "nowrap" }}>
                <Moment ms={one.created_ms} />
              </td>
              <td>{one.created_by}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
