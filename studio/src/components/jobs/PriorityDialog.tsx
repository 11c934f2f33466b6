import { Button, Group, Modal, NumberInput, Text } from "@mantine/core";
import { type FormEvent, useEffect, useState } from "react";
import { type Job, setPriority } from "@/api/jobs";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";

const MOST = 100;

/** Which of those that wait comes first. null: nothing is asked. */
export function PriorityDialog({
  workspace,
  job,
  onClose,
}: {
  workspace: string;
  job: Job | null;
  onClose: () => void;
}) {
  const say = useSay();
  const refresh = useJobsRefresh(workspace);
  const [value, setValue] = useState(0);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    setValue(job?.priority ?? 0);
    setProblem(null);
  }, [job]);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await setPriority(workspace, job!.run_id, value);
      await refresh();
      say.done(`The priority of ${job!.run_name || job!.run_id} is ${value} now`);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Modal
      opened={job !== null}
      onClose={onClose}
      title="Priority"
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Text size="sm" mb="xs" style={{ overflowWrap: "anywhere" }}>
          Of those that wait for the same target, the greater number goes first. {job?.run_name}
        </Text>
        <NumberInput
          label={`From −${MOST} to ${MOST}`}
          data-autofocus
          min={-MOST}
          max={MOST}
          allowDecimal={false}
          value={value}
          error={problem}
          onChange={(next) => setValue(Number(next) || 0)}
        />
        <Group justify="flex-end" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">Set</Button>
        </Group>
      </form>
    </Modal>
  );
}
