import { Group } from "@mantine/core";
import { IconListDetails } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import type { Compute } from "@/api/compute";
import { jobsQuery } from "@/api/jobs";
import { CodeToCopy } from "@/components/Copy";
import { JobTable } from "@/components/jobs/JobTable";
import { useExperimentNames } from "@/components/jobs/use-experiment-names";
import { More } from "@/components/More";
import { Broken, Empty, Waiting } from "@/components/states";
import { submitting } from "@/pages/compute/snippets";

/** All that was ever submitted to the target, newest first. */
export function Runs({ workspace, compute }: { workspace: string; compute: Compute }) {
  const found = useInfiniteQuery(jobsQuery(workspace, { target: compute.name }));
  const jobs = found.data?.pages.flatMap((page) => page.items) ?? [];
  const experimentName = useExperimentNames(workspace, jobs);
  if (found.isPending) return <Waiting label="Loading runs" />;
  if (found.isError && !found.data) return <Broken error={found.error} again={() => found.refetch()} />;
  if (jobs.length === 0)
    return (
      <Empty title="Nothing was submitted here yet" icon={<IconListDetails size={28} aria-hidden />}>
        From the folder of a script:
        <CodeToCopy text={submitting(compute.name)} what="Copy the command" />
      </Empty>
    );
  return (
    <>
      <JobTable
        workspace={workspace}
        jobs={jobs}
        columns={["experiment"]}
        experimentName={experimentName}
        label="Runs"
      />
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
    </>
  );
}
