import { Group } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { type Dataset, datasetsQuery } from "@/api/datasets";
import { CodeToCopy } from "@/components/Copy";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";

const HOW = `from runyard import Dataset, Workspace

ws = Workspace.from_config()
data = Dataset.Tabular.from_delimited_files((ws.get_default_datastore(), "customers/*.csv"))
data.register(ws, "customers")`;

/** The latest versions of registered datasets: those in use, or those in the archive. */
export function RegisteredDatasets({
  workspace,
  archived,
  onOpen,
}: {
  workspace: string;
  archived: boolean;
  onOpen: (name: string) => void;
}) {
  const found = useInfiniteQuery(datasetsQuery(workspace, archived));
  const rows = (found.data?.pages.flatMap((page) => page.items) ?? []).filter(
    (one) => one.archived === archived,
  );
  return (
    <>
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
      {rows.length > 0 && <DatasetTable rows={rows} onOpen={(one) => onOpen(one.name)} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
    </>
  );
}

function DatasetTable({ rows, onOpen }: { rows: Dataset[]; onOpen: (dataset: Dataset) => void }) {
  return (
    <TablePanel label="Registered datasets">
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
    </TablePanel>
  );
}
