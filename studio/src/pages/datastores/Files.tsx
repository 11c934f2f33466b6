import { ActionIcon, Group, Menu } from "@mantine/core";
import { IconDots, IconFile, IconFolder, IconFolderOpen } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type DragEvent, useState } from "react";
import { deleteFile, fileAddress, filesQuery, type StoredFile } from "@/api/datastores";
import { useMay } from "@/api/may";
import { Confirm } from "@/components/Confirm";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Broken, Empty, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import classes from "@/pages/datastores/datastores.module.css";
import { addressOf, lastOf } from "@/pages/datastores/search";

/** A folder of a datastore. Files that are dropped on it are uploaded. */
export function Files({
  workspace,
  name,
  path,
  onFile,
  onDropped,
}: {
  workspace: string;
  name: string;
  path: string;
  onFile: (path: string) => void;
  onDropped: (files: readonly File[]) => void;
}) {
  const found = useInfiniteQuery(filesQuery(workspace, name, path));
  const may = useMay(workspace);
  const [over, setOver] = useState(false);
  const [deleting, setDeleting] = useState<StoredFile | null>(null);
  const client = useQueryClient();
  const say = useSay();
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!may("datastores/write")) return say.error("You may look at these files, and add none.");
    const entries = [...event.dataTransfer.items].map((one) => one.webkitGetAsEntry?.());
    if (entries.some((one) => one?.isDirectory))
      say.error("Folders are not taken along: drop the files in them, or upload them with the SDK.");
    const files = [...event.dataTransfer.files].filter((_, i) => !entries[i]?.isDirectory);
    if (files.length > 0) onDropped(files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a second way beside the button above
    <div
      className={over ? `${classes.drop} ${classes.over}` : classes.drop}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      {found.isPending && <Waiting label="Loading files" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && rows.length === 0 && (
        <Empty title="Nothing is in this folder" icon={<IconFolderOpen size={28} aria-hidden />}>
          {may("datastores/write") &&
            "Drop files here, or use the button above. A folder is there as soon as a file is in it."}
        </Empty>
      )}
      {rows.length > 0 && (
        <div className="panel" style={{ overflowX: "auto" }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Size</th>
                <th scope="col">
                  <span className="only-read">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.path}>
                  <td>
                    <Name workspace={workspace} name={name} entry={one} onFile={onFile} />
                  </td>
                  <td className="numeric" style={{ whiteSpace: "nowrap" }}>
                    {one.size === null ? <span className="quiet">–</span> : bytes(one.size)}
                  </td>
                  <td style={{ width: 40 }}>
                    {(!one.is_dir || may("datastores/write")) && (
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <ActionIcon aria-label={`Actions for ${lastOf(one.path)}`}>
                            <IconDots size={16} />
                          </ActionIcon>
                        </Menu.Target>
                        <Menu.Dropdown>
                          {!one.is_dir && (
                            <Menu.Item
                              component="a"
                              href={fileAddress(workspace, name, one.path)}
                              download={lastOf(one.path)}
                            >
                              Download
                            </Menu.Item>
                          )}
                          {may("datastores/write") && (
                            <Menu.Item color="red" onClick={() => setDeleting(one)}>
                              Delete
                            </Menu.Item>
                          )}
                        </Menu.Dropdown>
                      </Menu>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
      <Confirm
        open={deleting !== null}
        onClose={() => setDeleting(null)}
        title={`Delete ${lastOf(deleting?.path ?? "")}?`}
        action="Delete"
        {...(deleting?.is_dir ? { typed: lastOf(deleting.path) } : {})}
        onConfirm={async () => {
          try {
            await deleteFile(workspace, name, deleting!.path);
            await client.invalidateQueries({ queryKey: ["datastore files", workspace, name] });
            say.done(`Deleted ${deleting!.path}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        {deleting?.is_dir ? "The folder goes with all that is in it." : "The file goes."} It does not come
        into the trash: nobody can bring it back.
      </Confirm>
    </div>
  );
}

function Name({
  workspace,
  name,
  entry,
  onFile,
}: {
  workspace: string;
  name: string;
  entry: StoredFile;
  onFile: (path: string) => void;
}) {
  const text = lastOf(entry.path);
  return (
    <span className={classes.name}>
      {entry.is_dir ? <IconFolder size={16} aria-hidden /> : <IconFile size={16} aria-hidden />}
      {entry.is_dir ? (
        <Link
          to="/workspaces/$workspace/datastores"
          params={{ workspace }}
          search={addressOf({ name, path: entry.path })}
          className="ellipsis"
          title={text}
        >
          {text}
        </Link>
      ) : (
        <button type="button" className="linklike ellipsis" title={text} onClick={() => onFile(entry.path)}>
          {text}
        </button>
      )}
    </span>
  );
}
