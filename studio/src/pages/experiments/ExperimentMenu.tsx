import { ActionIcon, Menu } from "@mantine/core";
import {
  IconArchive,
  IconArchiveOff,
  IconDots,
  IconPencil,
  IconRestore,
  IconTag,
  IconTrash,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import {
  deleteExperiment,
  deleteExperimentTag,
  type Experiment,
  renameExperiment,
  restoreExperiment,
  setExperimentTag,
} from "@/api/experiments";
import { useSay } from "@/components/notices";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";
import { ARCHIVED } from "@/pages/experiments/search";

/** What one can do with an experiment. */
export function ExperimentMenu({ workspace, experiment }: { workspace: string; experiment: Experiment }) {
  const [dialog, setDialog] = useState<"name" | "tags" | null>(null);
  const client = useQueryClient();
  const say = useSay();
  const id = experiment.experiment_id;
  const archived = experiment.tags?.some((tag) => tag.key === ARCHIVED && tag.value === "true");
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["experiments", workspace] }),
      client.invalidateQueries({ queryKey: ["experiment", workspace, id] }),
    ]);
  const work = async (task: () => Promise<unknown>, done: string, undo?: () => Promise<unknown>) => {
    try {
      await task();
      await refresh();
      say.done(done, undo && (() => void work(undo, "Undone")));
    } catch (error) {
      say.error(error);
    }
  };
  const remove = () => deleteExperiment(workspace, id);
  const restore = () => restoreExperiment(workspace, id);
  const archive = () => setExperimentTag(workspace, id, ARCHIVED, "true");
  const unarchive = () => deleteExperimentTag(workspace, id, ARCHIVED);
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${experiment.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {experiment.lifecycle_stage === "deleted" ? (
            <Menu.Item
              leftSection={<IconRestore size={15} />}
              onClick={() => work(restore, `Restored ${experiment.name}`, remove)}
            >
              Restore
            </Menu.Item>
          ) : (
            <>
              <Menu.Item leftSection={<IconPencil size={15} />} onClick={() => setDialog("name")}>
                Rename
              </Menu.Item>
              <Menu.Item leftSection={<IconTag size={15} />} onClick={() => setDialog("tags")}>
                Edit tags
              </Menu.Item>
              {archived ? (
                <Menu.Item
                  leftSection={<IconArchiveOff size={15} />}
                  onClick={() => work(unarchive, `${experiment.name} is in the list again`, archive)}
                >
                  Take out of the archive
                </Menu.Item>
              ) : (
                <Menu.Item
                  leftSection={<IconArchive size={15} />}
                  onClick={() => work(archive, `Archived ${experiment.name}`, unarchive)}
                >
                  Archive
                </Menu.Item>
              )}
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={15} />}
                onClick={() => work(remove, `Deleted ${experiment.name} and its runs`, restore)}
              >
                Delete
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      <TextDialog
        open={dialog === "name"}
        onClose={() => setDialog(null)}
        title="Rename the experiment"
        label="Name"
        value={experiment.name}
        action="Rename"
        onSubmit={async (name) => {
          await renameExperiment(workspace, id, name);
          await refresh();
        }}
      />
      <TagEditor
        open={dialog === "tags"}
        onClose={() => setDialog(null)}
        title={`Tags of ${experiment.name}`}
        tags={experiment.tags ?? []}
        set={(key, value) => setExperimentTag(workspace, id, key, value).then(refresh)}
        remove={(key) => deleteExperimentTag(workspace, id, key).then(refresh)}
      />
    </>
  );
}
