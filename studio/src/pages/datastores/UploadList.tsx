import { ActionIcon, Button, Group, Progress } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { bytes } from "@/lib/format";
import classes from "@/pages/datastores/datastores.module.css";
import type { Upload, Uploads } from "@/pages/datastores/use-uploads";

const WORDS = {
  waiting: "waiting",
  sending: "",
  done: "uploaded",
  stopped: "stopped",
  failed: "failed",
  exists: "",
};

/** Files on their way, and what became of them. */
export function UploadList({ uploads }: { uploads: Uploads }) {
  if (uploads.all.length === 0) return null;
  const ended = uploads.all.filter((one) => one.state !== "sending" && one.state !== "waiting");
  return (
    <section className="panel" style={{ marginBottom: 12 }} aria-label="Uploads">
      <ul className={classes.uploads} style={{ margin: 0 }}>
        {uploads.all.map((one) => (
          <li key={one.id}>
            <One upload={one} uploads={uploads} />
          </li>
        ))}
      </ul>
      {ended.length > 0 && (
        <Group px="sm" pb="xs">
          <Button variant="subtle" size="compact-xs" onClick={uploads.clear}>
            Clear the list
          </Button>
        </Group>
      )}
    </section>
  );
}

function One({ upload, uploads }: { upload: Upload; uploads: Uploads }) {
  const open = upload.state === "sending" || upload.state === "waiting" || upload.state === "exists";
  return (
    <>
      <div className={classes.upload}>
        <span className="ellipsis" title={upload.path}>
          {upload.path}
        </span>
        {upload.state === "exists" ? (
          <Button size="compact-xs" variant="light" color="red" onClick={() => uploads.replace(upload.id)}>
            Replace
          </Button>
        ) : (
          <Progress
            aria-label={`Upload of ${upload.path}`}
            value={
              upload.size === 0 ? (upload.state === "done" ? 100 : 0) : (upload.sent / upload.size) * 100
            }
            color={upload.state === "failed" ? "red" : "yard"}
          />
        )}
        <span className="quiet numeric">
          {upload.state === "sending"
            ? `${bytes(upload.sent)} of ${bytes(upload.size)}`
            : WORDS[upload.state]}
        </span>
        {open ? (
          <ActionIcon size="sm" aria-label={`Stop ${upload.path}`} onClick={() => uploads.stop(upload.id)}>
            <IconX size={14} />
          </ActionIcon>
        ) : (
          <span />
        )}
      </div>
      {upload.state === "exists" && (
        <div>There is a file of this name already. It is kept unless you replace it.</div>
      )}
      {upload.problem && <div role="alert">{upload.problem}</div>}
    </>
  );
}
