/** What one does with a run. */
import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconCopy, IconDots, IconPackage, IconPencil, IconTags, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useMaySomewhere } from "@/api/may";
import type { RunPageData } from "@/api/run-page";
import { deleteRun, deleteRunTag, renameRun, restoreRun, setRunTag } from "@/api/runs";
import { useSay } from "@/components/notices";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";
import { RegisterModel } from "@/pages/run/overview/RegisterModel";

interface ActionProps {
  workspace: string;
  page: RunPageData;
  refresh: () => Promise<unknown>;
}

type Dialog = "name" | "tags" | "register";

export function RunActions({ workspace, page, refresh }: ActionProps) {
  const { info, data } = page.run;
  const say = useSay();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const may = useMaySomewhere(workspace);
  const close = () => setDialog(null);
  const id = info.run_id;
  const gone = info.lifecycle_stage === "deleted";
  const turn = async () => {
    try {
      if (gone) await restoreRun(workspace, id);
      else await deleteRun(workspace, id);
      await refresh();
      const undo = async () => {
        await restoreRun(workspace, id).catch(say.error);
        await refresh();
      };
      if (gone) say.done("Restored the run");
      else say.done(`Deleted ${info.run_name || id}`, undo);
    } catch (error) {
      say.error(error);
    }
  };
  const copy = async (text: string, what: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say.done(`Copied the ${what}`);
    } catch {
      say.error(new Error(`The browser does not let this page copy. The ${what}: ${text}`));
    }
  };
  return (
    <>
      {may("runs/write") && (
        <Button variant="default" leftSection={<IconPencil size={14} />} onClick={() => setDialog("name")}>
          Rename
        </Button>
      )}
      <Menu position="bottom-end" withinPortal width={230}>
        <Menu.Target>
          <ActionIcon variant="default" size="lg" aria-label="More to do with this run">
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {may("runs/write") && (
            <Menu.Item leftSection={<IconTags size={15} />} onClick={() => setDialog("tags")}>
              Edit tags…
            </Menu.Item>
          )}
          {may("models/write") && (
            <Menu.Item leftSection={<IconPackage size={15} />} onClick={() => setDialog("register")}>
              Register a model…
            </Menu.Item>
          )}
          <Menu.Item leftSection={<IconCopy size={15} />} onClick={() => copy(id, "run id")}>
            Copy run id
          </Menu.Item>
          <Menu.Item
            leftSection={<IconCopy size={15} />}
            onClick={() => copy(info.artifact_uri, "artifact URI")}
          >
            Copy artifact URI
          </Menu.Item>
          {may("runs/delete") && (
            <>
              <Menu.Divider />
              <Menu.Item
                leftSection={<IconTrash size={15} />}
                {...(gone ? {} : { color: "red" })}
                onClick={turn}
              >
                {gone ? "Restore" : "Delete"}
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <TextDialog
        open={dialog === "name"}
        onClose={close}
        title="Rename the run"
        label="Name"
        value={info.run_name}
        action="Rename"
        onSubmit={async (name) => {
          await renameRun(workspace, id, name);
          await refresh();
        }}
      />
      <TagEditor
        open={dialog === "tags"}
        onClose={close}
        title="Tags of the run"
        tags={data.tags ?? []}
        set={(key, value) => setRunTag(workspace, id, key, value).then(refresh)}
        remove={(key) => deleteRunTag(workspace, id, key).then(refresh)}
      />
      <RegisterModel
        open={dialog === "register"}
        onClose={close}
        workspace={workspace}
        page={page}
        refresh={refresh}
      />
    </>
  );
}
