/** Files of a run, a model or a datastore: a tree of them, and what is in one. */
import { ActionIcon, FileButton, Progress, Tooltip } from "@mantine/core";
import { IconFolderOpen, IconUpload, IconX } from "@tabler/icons-react";
import { type DragEvent, type ReactNode, useCallback, useState } from "react";
import type { FileSource } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import { FileView } from "@/components/artifacts/FileView";
import { Tree } from "@/components/artifacts/Tree";
import { useTree } from "@/components/artifacts/use-tree";
import { dropped, type Upload, useUploads } from "@/components/artifacts/use-uploads";
import { Broken, Empty, Waiting } from "@/components/states";
import { folderOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";

interface BrowserProps {
  source: FileSource;
  /** The file or directory that is shown; "": the top. */
  path: string;
  show: (path: string) => void;
  /** Above the tree: the name of what the files belong to. */
  heading: ReactNode;
  /** What there is to say when there is no file. */
  empty: ReactNode;
  /** Unless told otherwise one may do what the source can. */
  mayUpload?: boolean;
  mayDelete?: boolean;
  /** More to do with a directory that holds a model. */
  onRegister?: (path: string) => void;
}

export function Browser(props: BrowserProps) {
  const { source, path, show, heading, empty, mayUpload = true, mayDelete = true, onRegister } = props;
  const { rows, turn, top } = useTree(source, path);
  const { uploads, start } = useUploads(source, show);
  const [over, setOver] = useState(false);
  const shown = rows.find((row) => row.entry.path === path);
  const folder = path === "" || shown?.open != null ? path : folderOf(path);
  const drop = useCallback(
    async (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      start(folder, await dropped(event.dataTransfer));
    },
    [start, folder],
  );
  const writing = source.write !== undefined && mayUpload;
  return (
    <section
      className={classes.browser}
      aria-label="Files"
      onDragOver={(event) => {
        if (!writing || !event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => (writing ? drop(event) : undefined)}
    >
      <div className={`panel ${classes.side}`}>
        <div className={classes.sideHead}>
          <div>{heading}</div>
          {writing && (
            <FileButton
              multiple
              onChange={(files) =>
                start(
                  folder,
                  files.map((file) => ({ name: file.name, file })),
                )
              }
            >
              {(props) => (
                <Tooltip label={folder ? `Upload to ${folder}` : "Upload files"}>
                  <ActionIcon {...props} aria-label="Upload files">
                    <IconUpload size={16} />
                  </ActionIcon>
                </Tooltip>
              )}
            </FileButton>
          )}
        </div>
        {top.isPending && <Waiting label="Loading files" />}
        {top.isError && <Broken error={top.error} again={() => top.refetch()} />}
        {top.data && <Tree rows={rows} selected={path} label="Files" select={show} turn={turn} />}
        {uploads.length > 0 && <Uploads uploads={uploads} />}
      </div>
      <div className={`panel ${classes.main}`}>
        {top.data && rows.length === 0 ? (
          <Empty title="No files" icon={<IconFolderOpen size={28} aria-hidden />}>
            {empty}
          </Empty>
        ) : (
          <FileView
            key={`${source.key} ${path}`}
            source={source}
            path={path}
            entry={shown?.entry}
            show={show}
            mayDelete={mayDelete}
            {...(onRegister ? { onRegister } : {})}
          />
        )}
      </div>
      {over && <div className={classes.drop}>Drop files to upload them{folder ? ` to ${folder}` : ""}</div>}
    </section>
  );
}

function Uploads({ uploads }: { uploads: readonly Upload[] }) {
  return (
    <div className={classes.uploads}>
      {uploads.map((one) => (
        <div key={one.id} className={classes.upload}>
          <span className="ellipsis" title={one.path}>
            {one.path}
          </span>
          <span className="quiet numeric">
            {bytes(one.sent)} of {bytes(one.size)}
          </span>
          <ActionIcon size="sm" aria-label={`Stop the upload of ${one.path}`} onClick={one.stop}>
            <IconX size={13} />
          </ActionIcon>
          <Progress
            size="xs"
            value={one.size > 0 ? (100 * one.sent) / one.size : 0}
            aria-label={`Upload of ${one.path}`}
          />
        </div>
      ))}
    </div>
  );
}
