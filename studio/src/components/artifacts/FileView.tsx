/** One file or directory: what one can do with it, and what is in it. */
import { ActionIcon, Tooltip } from "@mantine/core";
import { IconDownload, IconExternalLink, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { Entry, FileSource } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import { Folder } from "@/components/artifacts/Folder";
import { shownName } from "@/components/artifacts/names";
import { Preview } from "@/components/artifacts/Preview";
import { removeLater, UNDO_MS } from "@/components/artifacts/pending";
import { listQuery } from "@/components/artifacts/use-tree";
import { Copy } from "@/components/Copy";
import { useSay } from "@/components/notices";
import { Broken, Empty, Waiting } from "@/components/states";
import { folderOf, kindOf, nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";

interface FileViewProps {
  source: FileSource;
  path: string;
  /** Not known yet, or not there. */
  entry: Entry | undefined;
  show: (path: string) => void;
  mayDelete: boolean;
  onRegister?: (path: string) => void;
}

export function FileView({ source, path, entry, show, mayDelete, onRegister }: FileViewProps) {
  // The tree may not have come so far: what lies above says whether it is a directory.
  const above = useQuery({ ...listQuery(source, folderOf(path)), enabled: path !== "" && !entry });
  const found = entry ?? above.data?.find((one) => one.path === path);
  if (path !== "" && !found) {
    if (above.isPending) return <Waiting label="Loading the file" />;
    if (above.isError) return <Broken error={above.error} again={() => above.refetch()} />;
    return <Empty title="There is no such file">It may have been deleted or moved: {path}</Empty>;
  }
  const isDir = path === "" || found!.isDir;
  return (
    <>
      <FileHead
        source={source}
        path={path}
        isDir={isDir}
        size={found?.size ?? null}
        show={show}
        mayDelete={mayDelete}
      />
      {isDir ? (
        <Folder source={source} path={path} show={show} {...(onRegister ? { onRegister } : {})} />
      ) : (
        <Preview source={source} path={path} size={found!.size} />
      )}
    </>
  );
}

const OPENED = new Set(["html", "pdf", "image", "video", "audio"]);

function FileHead({
  source,
  path,
  isDir,
  size,
  show,
  mayDelete,
}: {
  source: FileSource;
  path: string;
  isDir: boolean;
  size: number | null;
  show: (path: string) => void;
  mayDelete: boolean;
}) {
  const say = useSay();
  const client = useQueryClient();
  const remove = () => {
    const refresh = () => client.invalidateQueries({ queryKey: ["files", source.key] });
    const undo = removeLater(source, path, refresh, say.error);
    show(folderOf(path));
    say.done(
      `${nameOf(path)} is deleted for good in ${UNDO_MS / 1000} seconds, or when this page is closed.`,
      () => {
        undo();
        show(path);
      },
    );
  };
  const uri = source.uri(path);
  return (
    <header className={classes.fileHead}>
      <h2 className="ellipsis" title={path}>
        {path === "" ? "All files" : shownName(path)}
      </h2>
      {size !== null && <span className="quiet numeric">{bytes(size)}</span>}
      <div className={classes.actions}>
        {path !== "" && <Copy text={path} what="Copy path" />}
        {uri !== "" && <Copy link text={uri} what={`Copy ${uri.slice(0, uri.indexOf(":"))}:/ address`} />}
        {!isDir && !source.onlySaved && OPENED.has(kindOf(path)) && (
          <Tooltip label="Open in a tab of its own">
            <ActionIcon
              size="sm"
              component="a"
              href={source.preview(path)}
              target="_blank"
              rel="noopener noreferrer"
              aria-label="Open in a tab of its own"
            >
              <IconExternalLink size={15} />
            </ActionIcon>
          </Tooltip>
        )}
        {!isDir && (
          <Tooltip label="Download">
            <ActionIcon
              size="sm"
              component="a"
              href={source.download(path)}
              download={nameOf(path)}
              aria-label="Download"
            >
              <IconDownload size={15} />
            </ActionIcon>
          </Tooltip>
        )}
        {isDir && source.archive && (
          <Tooltip label={path === "" ? "Download all as ZIP" : "Download directory as ZIP"}>
            <ActionIcon
              size="sm"
              component="a"
              href={source.archive(path)}
              download
              aria-label={path === "" ? "Download all" : "Download directory"}
            >
              <IconDownload size={15} />
            </ActionIcon>
          </Tooltip>
        )}
        {source.write && mayDelete && path !== "" && (
          <Tooltip label="Delete">
            <ActionIcon size="sm" aria-label={isDir ? "Delete directory" : "Delete file"} onClick={remove}>
              <IconTrash size={15} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
    </header>
  );
}
