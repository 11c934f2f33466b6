import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useState } from "react";
import { useMay } from "@/api/may";
import {
  aliasesOf,
  deleteAlias,
  deleteVersion,
  deleteVersionTag,
  describeVersion,
  type ModelVersion,
  moveVersion,
  type RegisteredModel,
  STAGES,
  setAlias,
  setVersionTag,
} from "@/api/models";
import { Confirm } from "@/components/Confirm";
import { useSay } from "@/components/notices";
import { TagEditor } from "@/components/TagEditor";
import { TextDialog } from "@/components/TextDialog";

type Dialog = "alias" | "description" | "tags" | "delete";

/** What one can do with a version. */
export function VersionMenu({
  workspace,
  model,
  version,
  refresh,
}: {
  workspace: string;
  model: RegisteredModel;
  version: ModelVersion;
  refresh: () => Promise<unknown>;
}) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const say = useSay();
  const may = useMay(workspace);
  const mayWrite = may("models/write");
  const mayDelete = may("models/delete");
  const number = version.version;
  const aliases = aliasesOf(model, number);
  const close = () => setDialog(null);
  const work = async (task: () => Promise<unknown>, done: string, undo?: () => Promise<unknown>) => {
    try {
      await task();
      await refresh();
      say.done(done, undo && (() => void work(undo, "Undone")));
    } catch (error) {
      say.error(error);
    }
  };
  /** Where an alias points now, so that moving it can be undone. */
  const before = (alias: string) => model.aliases?.find((one) => one.alias === alias)?.version;
  const point = (alias: string) => {
    const earlier = before(alias);
    return work(
      () => setAlias(workspace, model.name, alias, number),
      `${alias} is version ${number} now`,
      () =>
        earlier ? setAlias(workspace, model.name, alias, earlier) : deleteAlias(workspace, model.name, alias),
    );
  };
  if (!mayWrite && !mayDelete) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for version ${number}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {mayWrite && (
            <>
              <Menu.Item onClick={() => setDialog("alias")}>Point an alias here</Menu.Item>
              {aliases.map((alias) => (
                <Menu.Item
                  key={alias}
                  onClick={() =>
                    work(
                      () => deleteAlias(workspace, model.name, alias),
                      `Removed the alias ${alias}`,
                      () => setAlias(workspace, model.name, alias, number),
                    )
                  }
                >
                  Remove the alias {alias}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Label>Stage</Menu.Label>
              {STAGES.filter((stage) => stage !== version.current_stage).map((stage) => (
                <Menu.Item
                  key={stage}
                  onClick={() =>
                    work(
                      () => moveVersion(workspace, model.name, number, stage),
                      `Version ${number} is in ${stage} now`,
                      () => moveVersion(workspace, model.name, number, version.current_stage),
                    )
                  }
                >
                  {stage}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item onClick={() => setDialog("description")}>Edit the description</Menu.Item>
              <Menu.Item onClick={() => setDialog("tags")}>Edit tags</Menu.Item>
            </>
          )}
          {mayDelete && (
            <Menu.Item color="red" onClick={() => setDialog("delete")}>
              Delete
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <TextDialog
        open={dialog === "alias"}
        onClose={close}
        title={`Point an alias at version ${number}`}
        label="Alias"
        value={aliases.length > 0 ? "" : "champion"}
        action="Point it here"
        onSubmit={point}
      />
      <TextDialog
        open={dialog === "description"}
        onClose={close}
        title={`Description of version ${number}`}
        label="Description"
        value={version.description}
        action="Save"
        onSubmit={(text) => describeVersion(workspace, model.name, number, text).then(refresh)}
      />
      <TagEditor
        open={dialog === "tags"}
        onClose={close}
        title={`Tags of version ${number}`}
        tags={version.tags ?? []}
        set={(key, value) => setVersionTag(workspace, model.name, number, key, value).then(refresh)}
        remove={(key) => deleteVersionTag(workspace, model.name, number, key).then(refresh)}
      />
      <Confirm
        open={dialog === "delete"}
        onClose={close}
        title={`Delete version ${number} of ${model.name}?`}
        action="Delete"
        onConfirm={() =>
          work(() => deleteVersion(workspace, model.name, number), `Deleted version ${number}`)
        }
      >
        It is gone for good, and its number is not used again. The files stay with their run.
      </Confirm>
    </>
  );
}
