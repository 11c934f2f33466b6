import { Group } from "@mantine/core";
import { IconTable } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { usedDatasetsQuery } from "@/api/datasets";
import { CodeToCopy } from "@/components/Copy";
import { ExperimentLink } from "@/components/links";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";
import { holds } from "@/lib/filter-text";

const HOW = `import mlflow

with mlflow.start_run():
    mlflow.log_input(mlflow.data.from_pandas(frame, name="customers"), context="training")`;

/** Data that runs say they read, whether registered or not; each leads to the runs. */
export function UsedDatasets({ workspace }: { workspace: string }) {
  const found = useInfiniteQuery(usedDatasetsQuery(workspace));
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {found.isPending && <Waiting label="Loading datasets" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty title="No run says what data it read" icon={<IconTable size={28} aria-hidden />}>
          <p>Runs tell it like this:</p>
          <CodeToCopy text={HOW} />
        </Empty>
      )}
      {rows.length > 0 && (
        <TablePanel label="Used datasets">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Digest</th>
                <th scope="col">For</th>
                <th scope="col">Experiment</th>
                <th scope="col">Runs</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={`${one.experiment_id} ${one.digest} ${one.context} ${one.name}`}>
                  <td className="ellipsis" style={{ maxWidth: 320 }} title={one.name}>
                    {one.name}
                  </td>
                  <td>
                    <code>{one.digest}</code>
                  </td>
                  <td>{one.context}</td>
                  <td className="ellipsis" style={{ maxWidth: 320 }}>
                    <ExperimentLink
                      workspace={workspace}
                      experiment={one.experiment_id}
                      name={one.experiment}
                    />
                  </td>
                  <td>
                    <Link
                      to="/workspaces/$workspace/experiments/$experiment"
                      params={{ workspace, experiment: one.experiment_id }}
                      search={{
                        f: `${holds("dataset.name", one.name)} AND ${holds("dataset.digest", one.digest)}`,
                      }}
                      aria-label={`Runs of ${one.experiment} that read ${one.name} ${one.digest}`}
                    >
                      Show
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TablePanel>
      )}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
    </>
  );
}
