import { ActionIcon, Checkbox, Menu } from "@mantine/core";
import {
  IconDots,
  IconPencil,
  IconPlayerPause,
  IconPlayerPlay,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useState } from "react";
import { type Compute, deleteCompute } from "@/api/compute";
import { Confirm } from "@/components/Confirm";
import { useJobsRefresh } from "@/components/jobs/use-job-changes";
import { useSay } from "@/components/notices";
import { ComputeDialog } from "@/pages/compute/ComputeDialog";
import { useTurn } from "@/pages/compute/use-turn";

/** What one can do with a compute target. */
export function ComputeMenu({
  workspace,
  compute,
  onGone,
}: {
  workspace: string;
  compute: Compute;
  onGone?: () => unknown;
}) {
  const say = useSay();
  const refresh = useJobsRefresh(workspace);
  const { turn } = useTurn(workspace, compute);
  const [dialog, setDialog] = useState<"edit" | "delete" | null>(null);
  const [force, setForce] = useState(false);
  const active = compute.counts.queued + compute.counts.running;
  const stopped = compute.state === "Stopped";
  const close = () => {
    setDialog(null);
    setForce(false);
  };
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${compute.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconRefresh size={15} />} onClick={() => turn("check")}>
            Check now
          </Menu.Item>
          <Menu.Item
            leftSection={stopped ? <IconPlayerPlay size={15} /> : <IconPlayerPause size={15} />}
            onClick={() => turn(stopped ? "start" : "stop")}
          >
            {stopped ? "Start" : "Stop"}
          </Menu.Item>
          <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setDialog("edit")}>
            Edit…
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconTrash size={15} />} color="red" onClick={() => setDialog("delete")}>
            Delete…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <ComputeDialog workspace={workspace} open={dialog === "edit"} onClose={close} compute={compute} />
      <Confirm
        open={dialog === "delete"}
        onClose={close}
        title={`Delete ${compute.name}?`}
        action="Delete"
        onConfirm={async () => {
          try {
            await deleteCompute(workspace, compute.name, force);
            await onGone?.();
            await refresh();
            say.done(`Deleted ${compute.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        <p style={{ marginTop: 0 }}>
          Its address and keys go from the workspace; its machines stay as they are, and so do all runs that
          it had.
        </p>
        {active > 0 && (
          <Checkbox
            label={`Cancel ${active === 1 ? "the run" : `the ${active.toLocaleString("en-US")} runs`} that it has now. Without this it is not deleted while there are any.`}
            checked={force}
            onChange={(event) => setForce(event.currentTarget.checked)}
          />
        )}
      </Confirm>
    </>
  );
}
