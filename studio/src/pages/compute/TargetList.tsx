import { Button, Group } from "@mantine/core";
import { IconCpu, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Compute, computesQuery } from "@/api/compute";
import { useMay } from "@/api/may";
import { CodeToCopy } from "@/components/Copy";
import { useLiveJobs } from "@/components/jobs/use-job-changes";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";
import { ComputeDialog } from "@/pages/compute/ComputeDialog";
import { ComputeMenu } from "@/pages/compute/ComputeMenu";
import { ComputeState } from "@/pages/compute/ComputeState";
import classes from "@/pages/compute/compute.module.css";
import { kindOf, whereIs } from "@/pages/compute/kinds";
import { ATTACH } from "@/pages/compute/snippets";
import { OFTEN_MS } from "@/pages/compute/use-compute";

/** All compute targets of a workspace. */
export function TargetList({ workspace }: { workspace: string }) {
  const found = useInfiniteQuery({ ...computesQuery(workspace), refetchInterval: OFTEN_MS });
  const may = useMay(workspace);
  const [attaching, setAttaching] = useState(false);
  useLiveJobs(workspace);
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const write = may("compute/write");
  return (
    <Page
      title="Compute"
      actions={
        write && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setAttaching(true)}>
            New compute target
          </Button>
        )
      }
    >
      <p className={`quiet ${classes.about}`}>
        Where submitted scripts run: other machines, clusters, or this server's own. The target{" "}
        <code>local</code> is always there: it is the machine that submits.
      </p>
      {found.isPending && <Waiting label="Loading compute targets" />}
      {found.isError && !found.data && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty title="No compute target yet" icon={<IconCpu size={28} aria-hidden />}>
          {write ? (
            <>
              Use the button above, a shell, or Python:
              <CodeToCopy text={ATTACH} what="Copy the example" />
            </>
          ) : (
            "Who may manage compute in this workspace can attach machines and clusters. Until then, scripts can be submitted to run on your own machine."
          )}
        </Empty>
      )}
      {rows.length > 0 && <Table workspace={workspace} rows={rows} write={write} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <ComputeDialog workspace={workspace} open={attaching} onClose={() => setAttaching(false)} />
    </Page>
  );
}

function Table({ workspace, rows, write }: { workspace: string; rows: Compute[]; write: boolean }) {
  return (
    <TablePanel label="Compute targets">
      <table className={`plain ${classes.list}`}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">State</th>
            <th scope="col">Handed over</th>
            <th scope="col">Waiting</th>
            <th scope="col">Nodes</th>
            <th scope="col">Kind</th>
            <th scope="col">Where</th>
            {write && (
              <th scope="col">
                <span className="only-read">Actions</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.name}>
              <td className={classes.name}>
                <Link
                  to="/workspaces/$workspace/compute"
                  params={{ workspace }}
                  search={{ name: one.name }}
                  style={{ overflowWrap: "anywhere" }}
                >
                  {one.name}
                </Link>
                {problemOf(one) && <div className={classes.problem}>{problemOf(one)}</div>}
              </td>
              <td>
                <ComputeState state={one.state} />
              </td>
              <td className="numeric">{counted(one.counts.running)}</td>
              <td className="numeric">{counted(one.counts.queued)}</td>
              <td className="numeric">{counted(one.nodes.length)}</td>
              <td>{kindOf(one.kind).label}</td>
              <td className={`ellipsis ${classes.where}`} title={whereIs(one)}>
                {whereIs(one)}
              </td>
              {write && (
                <td style={{ width: 40 }}>
                  <ComputeMenu workspace={workspace} compute={one} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </TablePanel>
  );
}

/** What is wrong with a target, in the engine's words. */
export const problemOf = (one: Compute): string =>
  one.error || one.provisioning_errors.map((error) => error.message).join(" ");
const counted = (count: number) => (count ? count.toLocaleString("en-US") : <span className="quiet">–</span>);
