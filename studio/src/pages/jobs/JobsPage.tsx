import { Autocomplete, Button, Group, SegmentedControl, Select, Switch, Text } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconPlayerPlay, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { meQuery } from "@/api/account";
import { computesQuery } from "@/api/compute";
import { type Job, jobsQuery } from "@/api/jobs";
import { useMay } from "@/api/may";
import { CodeToCopy } from "@/components/Copy";
import { CancelMany } from "@/components/jobs/CancelMany";
import { JobTable } from "@/components/jobs/JobTable";
import { SubmitDialog } from "@/components/jobs/SubmitDialog";
import { useExperimentNames } from "@/components/jobs/use-experiment-names";
import { useLiveJobs } from "@/components/jobs/use-job-changes";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { ended, JOB_STATES, STATE_WORDS, SUBMITTER } from "@/lib/job-state";
import { addressOf, filterOf, type Shown, shownOf, type Which } from "@/pages/jobs/search";

const ROUTE = "/inside/workspaces/$workspace/jobs";
/** While something is not done: why it waits changes without any word of it. */
const OFTEN_MS = 10_000;
const MAIN = ["all", "active", "Completed", "Failed"] as const;

/** All runs of a workspace that were submitted, newest first. */
export function JobsPage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/jobs" });
  const change = (part: Partial<Shown>) =>
    navigate({ search: addressOf({ ...shown, ...part }), replace: true });
  const found = useInfiniteQuery({
    ...jobsQuery(workspace, filterOf(shown)),
    placeholderData: (before) => before,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some((one) => !ended(one.state))) ? OFTEN_MS : false,
  });
  const [submitting, setSubmitting] = useState(false);
  const may = useMay(workspace);
  useLiveJobs(workspace);
  const jobs = found.data?.pages.flatMap((page) => page.items) ?? [];
  const experimentName = useExperimentNames(workspace, jobs);
  const looking = Object.keys(addressOf(shown)).length > 0;
  return (
    <Page
      title="Jobs"
      actions={
        may("jobs/write") && (
          <Group gap="xs">
            <CancelMany workspace={workspace} jobs={jobs} />
            <Button leftSection={<IconPlus size={15} aria-hidden />} onClick={() => setSubmitting(true)}>
              Submit
            </Button>
          </Group>
        )
      }
    >
      <SubmitDialog workspace={workspace} opened={submitting} onClose={() => setSubmitting(false)} />
      <Filters workspace={workspace} shown={shown} change={change} jobs={jobs} />
      {found.isPending && <Waiting label="Loading jobs" />}
      {found.isError && !found.data && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && jobs.length === 0 && (
        <Empty
          title={looking ? "No job is like that" : "Nothing was submitted yet"}
          icon={<IconPlayerPlay size={28} aria-hidden />}
        >
          {looking ? (
            <button type="button" className="linklike" onClick={() => navigate({ search: {} })}>
              Show all jobs
            </button>
          ) : (
            <>
              A job is a script that is run by somebody's order, here or on a compute target. From its folder:
              <CodeToCopy text="runyard run submit -- python train.py --lr 0.1" what="Copy the command" />
            </>
          )}
        </Empty>
      )}
      {jobs.length > 0 && (
        <JobTable
          workspace={workspace}
          jobs={jobs}
          columns={["experiment", "target", "priority"]}
          experimentName={experimentName}
          label="Jobs"
        />
      )}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      {found.data && jobs.length > 0 && (
        <Text size="xs" className="quiet" mt={6} role="status">
          {jobs.length.toLocaleString("en-US")} {jobs.length === 1 ? "job" : "jobs"}
          {found.hasNextPage ? " of more" : ""}
        </Text>
      )}
    </Page>
  );
}

function Filters({
  workspace,
  shown,
  change,
  jobs,
}: {
  workspace: string;
  shown: Shown;
  change: (part: Partial<Shown>) => void;
  jobs: readonly Job[];
}) {
  const computes = useInfiniteQuery(computesQuery(workspace));
  const targets = computes.data?.pages.flatMap((page) => page.items.map((one) => one.name)) ?? [];
  const names = new Set([SUBMITTER, ...targets, ...(shown.target ? [shown.target] : [])]);
  return (
    <search>
      <Group mb="sm" gap="xs">
        <SegmentedControl
          aria-label="Which jobs"
          value={MAIN.some((one) => one === shown.which) ? shown.which : ""}
          onChange={(which) => change({ which: which as Which })}
          data={[
            { value: "all", label: "All" },
            { value: "active", label: "Not done" },
            { value: "Completed", label: "Completed" },
            { value: "Failed", label: "Failed" },
          ]}
        />
        <Select
          aria-label="State"
          placeholder="Any state"
          clearable
          clearButtonProps={{ "aria-label": "Any state" }}
          w={150}
          data={JOB_STATES.map((one) => ({ value: one, label: STATE_WORDS[one] }))}
          value={shown.which === "active" || shown.which === "all" ? null : shown.which}
          onChange={(which) => change({ which: (which as Which | null) ?? "all" })}
        />
        <Select
          aria-label="Target"
          placeholder="All targets"
          clearable
          searchable
          clearButtonProps={{ "aria-label": "All targets" }}
          w={190}
          data={[...names]}
          value={shown.target || null}
          onChange={(target) => change({ target: target ?? "" })}
        />
        <Person person={shown.person} change={(person) => change({ person })} jobs={jobs} />
        <Switch
          label="Trials and nested runs"
          checked={shown.trials}
          onChange={(event) => change({ trials: event.currentTarget.checked })}
        />
      </Group>
    </search>
  );
}

/** Who submitted: oneself and those that are seen are offered. */
function Person({
  person,
  change,
  jobs,
}: {
  person: string;
  change: (person: string) => void;
  jobs: readonly Job[];
}) {
  const { data: me } = useQuery(meQuery());
  const [text, setText] = useState(person);
  useEffect(() => setText(person), [person]);
  const type = useDebouncedCallback(change, 400);
  const names = new Set([...(me ? [me.principal.name] : []), ...jobs.map((one) => one.submitted_by)]);
  return (
    <Autocomplete
      size="xs"
      aria-label="Person"
      placeholder="Anybody"
      clearable
      clearButtonProps={{ "aria-label": "Anybody" }}
      w={170}
      data={[...names].filter(Boolean)}
      value={text}
      onChange={(next) => {
        setText(next);
        type(next.trim());
      }}
    />
  );
}
