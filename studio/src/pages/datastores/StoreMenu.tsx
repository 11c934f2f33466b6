import { ActionIcon, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Datastore, datastoresQuery, makeDefault, unregisterDatastore } from "@/api/datastores";
import { useMay } from "@/api/may";
import { Confirm } from "@/components/Confirm";
import { useSay } from "@/components/notices";

/** What one can do with a datastore as a whole; nothing where nothing can be done. */
export function StoreMenu({
  workspace,
  store,
  onGone,
}: {
  workspace: string;
  store: Datastore;
  onGone?: () => unknown;
}) {
  const client = useQueryClient();
  const say = useSay();
  const may = useMay(workspace);
  const [asking, setAsking] = useState(false);
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["datastores", workspace] }),
      client.invalidateQueries({ queryKey: ["datastore", workspace] }),
      client.invalidateQueries({ queryKey: ["workspace", workspace] }),
    ]);
  const beDefault = async (name: string, undo?: string) => {
    try {
      await makeDefault(workspace, name);
      await refresh();
      say.done(`${name} is the default now`, undo === undefined ? undefined : () => void beDefault(undo));
    } catch (error) {
      say.error(error);
    }
  };
  const before = () =>
    client
      .getQueryData(datastoresQuery(workspace).queryKey)
      ?.pages.flatMap((page) => page.items)
      .find((one) => one.is_default)?.name;
  if (!may("datastores/manage") || (store.is_default && store.built_in)) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon aria-label={`Actions for ${store.name}`}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!store.is_default && (
            <Menu.Item onClick={() => beDefault(store.name, before())}>Make it the default</Menu.Item>
          )}
          {!store.built_in && (
            <Menu.Item color="red" onClick={() => setAsking(true)}>
              Unregister
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Unregister ${store.name}?`}
        action="Unregister"
        onConfirm={async () => {
          try {
            await unregisterDatastore(workspace, store.name);
            await onGone?.();
            await refresh();
            say.done(`Unregistered ${store.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        Its address{store.has_secret && " and its key"} go from the workspace. The files stay where they are;
        datasets that name it cannot be read until it is attached again.
      </Confirm>
    </>
  );
}
