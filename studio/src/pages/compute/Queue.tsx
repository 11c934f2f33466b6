import { Button, Group } from "@mantine/core";
import { IconListNumbers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Compute } from "@/api/compute";
import { queueQuery } from "@/api/jobs";
import { CodeToCopy } from "@/components/Copy";
import { JobTable } from "@/components/jobs/JobTable";
import classes from "@/components/jobs/jobs.module.css";
import { Broken, Empty, Waiting } from "@/components/states";
import { count } from "@/lib/format";
import { inQueueOrder, waiting } from "@/lib/job-state";
import { submitting } from "@/pages/compute/snippets";
import { OFTEN_MS } from "@/pages/compute/use-compute";

const FIRST = 100;

/** What is not done, in order: what runs, what the target has, and what waits here for its turn. */
export function Queue({ workspace, compute }: { workspace: string; compute: Compute }) {
  const found = useQuery({ ...queueQuery(workspace, compute.name), refetchInterval: OFTEN_MS });
  const [all, setAll] = useState(false);
  if (found.isPending) return <Waiting label="Loading the queue" />;
  if (found.isError && !found.data) return <Broken error={found.error} again={() => found.refetch()} />;
  const jobs = inQueueOrder(found.data.jobs);
  if (jobs.length === 0)
    return (
      <Empty title="Nothing runs and nothing waits here" icon={<IconListNumbers size={28} aria-hidden />}>
        {compute.state === "Stopped" ? (
          "The target is stopped: what is submitted waits until it is started."
        ) : (
          <>
            Submit a script from its folder:
            <CodeToCopy text={submitting(compute.name)} what="Copy the command" />
          </>
        )}
      </Empty>
    );
  const here = jobs.filter((one) => one.state === "NotStarted").length;
  const there = jobs.filter((one) => waiting(one.state)).length - here;
  const shown = all ? jobs : jobs.slice(0, FIRST);
  return (
    <>
      <p className={classes.count} style={{ margin: "0 2px 8px" }} role="status">
        {count(jobs.length - here - there)} at work,{" "}
        {there > 0 && `${count(there)} queued at ${compute.name}, `}
        {count(here)} waiting here
        {found.data.more && "; there are more than are shown here"}
      </p>
      <JobTable workspace={workspace} jobs={shown} columns={["place", "waits", "priority"]} label="Queue" />
      {shown.length < jobs.length && (
        <Group justify="center" mt="sm">
          <Button variant="default" onClick={() => setAll(true)}>
            Show all {jobs.length.toLocaleString("en-US")}
          </Button>
        </Group>
      )}
    </>
  );
}
