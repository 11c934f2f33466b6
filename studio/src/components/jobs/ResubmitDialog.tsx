/** The same script with the same environment once more, as a new run. */
import {
  Alert,
  Anchor,
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  Stack,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Job, type Resubmission, resubmitJob } from "@/api/jobs";
import { resubmitSweep, type SweepResubmission, sweepQuery } from "@/api/sweeps";
import { useSubmitting, useTargets } from "@/components/jobs/use-submitting";
import { SUBMITTER } from "@/lib/job-state";
import { lineOf, wordsOf } from "@/lib/shell-words";

const MOST_TRIALS = 1_000;
const MOST_AT_ONCE = 100;

export function ResubmitDialog({
  workspace,
  job,
  onClose,
}: {
  workspace: string;
  /** null: nothing is asked. */
  job: Job | null;
  onClose: () => void;
}) {
  return (
    <Modal
      opened={job !== null}
      onClose={onClose}
      title="Resubmit"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {job && <Form key={job.run_id} workspace={workspace} job={job} onClose={onClose} />}
    </Modal>
  );
}

function Form({ workspace, job, onClose }: { workspace: string; job: Job; onClose: () => void }) {
  const { definition } = job;
  const { targets: found, none, error } = useTargets(workspace);
  const targets = found.map((one) => ({
    value: one.name,
    label: one.state === "Running" ? one.name : `${one.name} (${one.state.toLowerCase()})`,
  }));
  const usual = job.target === SUBMITTER ? null : job.target;
  const [chosen, setChosen] = useState<string | null>(null);
  const target = chosen ?? usual ?? (targets.length === 1 ? targets[0]!.value : null);
  const before = lineOf(definition.arguments ?? []);
  const [line, setLine] = useState(before);
  const [name, setName] = useState("");
  const [extent, setExtent] = useState<Extent>({});
  const sweep = job.kind === "sweep";
  const { busy, problem, submit } = useSubmitting(workspace, onClose);
  const send = async () => {
    const changes: Resubmission = {};
    if (target !== null && target !== job.target) changes.target = target;
    if (line !== before) changes.arguments = wordsOf(line);
    if (name !== "") changes.run_name = name;
    return sweep
      ? resubmitSweep(workspace, job.run_id, { ...changes, ...numbersOf(extent) })
      : resubmitJob(workspace, job.run_id, changes);
  };
  return (
    <form onSubmit={(event) => submit(event, target, send)}>
      <Stack gap="sm">
        <p className="quiet" style={{ margin: 0 }}>
          {sweep ? "A new sweep of the same parameters" : "A new run"} of the same{" "}
          {job.snapshot_id ? "sources" : "command"} in the same environment. The run that is there stays as it
          is.
        </p>
        {none ? (
          <Alert color="orange">
            This workspace has no compute target that could take it.{" "}
            <Anchor
              component={Link}
              to={`/workspaces/${encodeURIComponent(workspace)}/compute`}
              underline="always"
              c="inherit"
              size="sm"
            >
              Attach one
            </Anchor>{" "}
            first.
          </Alert>
        ) : (
          <Select
            label="Target"
            description={
              usual === null
                ? "It ran on the machine that submitted it, which this page cannot reach: choose another."
                : undefined
            }
            required
            searchable={targets.length > 8}
            allowDeselect={false}
            data={
              usual !== null && !targets.some((one) => one.value === usual)
                ? [{ value: usual, label: usual }, ...targets]
                : targets
            }
            value={target}
            onChange={setChosen}
            error={error}
            data-autofocus
          />
        )}
        {definition.script ? (
          <Textarea
            label={`Arguments of ${definition.script}`}
            description="As in a shell: words with blanks stand in quotation marks"
            autosize
            minRows={1}
            maxRows={10}
            spellCheck={false}
            value={line}
            onChange={(event) => setLine(event.currentTarget.value)}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
        ) : null}
        {sweep && (
          <ExtentOfSweep workspace={workspace} run={job.run_id} value={extent} onChange={setExtent} />
        )}
        <TextInput
          label="Name of the new run"
          description="Empty: one is found"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {problem && (
          <Alert color="red" role="alert" style={{ overflowWrap: "anywhere" }}>
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={target === null}>
            Resubmit
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What is other than it was, as it stands in its field. */
type Extent = { [key in "max_total" | "max_concurrent"]?: number | string };

const numbersOf = (extent: Extent): SweepResubmission =>
  Object.fromEntries(Object.entries(extent).filter(([, value]) => typeof value === "number"));

/** How many trials, and how many of them at once. */
function ExtentOfSweep({
  workspace,
  run,
  value,
  onChange,
}: {
  workspace: string;
  run: string;
  value: Extent;
  onChange: (value: Extent) => void;
}) {
  const config = useQuery(sweepQuery(workspace, run)).data?.config;
  const field = (key: keyof Extent, label: string, most: number) => (
    <NumberInput
      label={label}
      min={1}
      max={most}
      allowDecimal={false}
      required
      value={value[key] ?? config?.[key] ?? ""}
      onChange={(given) => onChange({ ...value, [key]: given })}
    />
  );
  return (
    <Group grow align="flex-start">
      {field("max_total", "Trials at most", MOST_TRIALS)}
      {field("max_concurrent", "Trials at once", MOST_AT_ONCE)}
    </Group>
  );
}
