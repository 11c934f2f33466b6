/** Shows a file by its kind. Users' files never run here: pages are framed in an origin of their own. */
import { type ComponentType, lazy, Suspense, useState } from "react";
import type { FileSource } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import { Unshown } from "@/components/artifacts/previews/Unshown";
import { Waiting } from "@/components/states";
import { type FileKind, kindOf, nameOf } from "@/lib/file-kind";

export interface PreviewProps {
  source: FileSource;
  path: string;
  size: number | null;
}

const READ: Partial<Record<FileKind, ComponentType<PreviewProps>>> = {
  text: lazy(() => import("@/components/artifacts/previews/TextPreview")),
  unknown: lazy(() => import("@/components/artifacts/previews/TextPreview")),
  markdown: lazy(() => import("@/components/artifacts/previews/MarkdownPreview")),
  json: lazy(() => import("@/components/artifacts/previews/JsonPreview")),
  table: lazy(() => import("@/components/artifacts/previews/CsvPreview")),
  parquet: lazy(() => import("@/components/artifacts/previews/ParquetPreview")),
  notebook: lazy(() => import("@/components/artifacts/previews/NotebookPreview")),
  diff: lazy(() => import("@/components/artifacts/previews/DiffPreview")),
};

export function Preview(props: PreviewProps) {
  const kind = shownAs(props);
  const Read = READ[kind];
  if (Read)
    return (
      <Suspense fallback={<Waiting />}>
        <Read {...props} />
      </Suspense>
    );
  return <Seen kind={kind} {...props} />;
}

/** What a browser would save rather than show is read as text, but for pictures. */
function shownAs({ source, path }: PreviewProps): FileKind {
  const kind = kindOf(path);
  return source.onlySaved && ["html", "pdf", "video", "audio"].includes(kind) ? "text" : kind;
}

/** What the browser itself can show. */
function Seen({ kind, source, path }: PreviewProps & { kind: FileKind }) {
  const [broken, setBroken] = useState(false);
  const address = source.preview(path);
  const name = nameOf(path);
  const onError = () => setBroken(true);
  if (broken) return <Unshown source={source} path={path} why="This browser cannot show the file." />;
  if (kind === "html")
    return <iframe title={name} src={address} sandbox="allow-scripts" className={classes.frame} />;
  if (kind === "pdf") return <iframe title={name} src={address} className={classes.frame} />;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.content} tabIndex={0} aria-label={name}>
      {kind === "image" && <Image address={address} name={name} onError={onError} />}
      {kind === "video" && (
        // biome-ignore lint/a11y/useMediaCaption: films of runs have none
        <video className={classes.media} src={address} controls loop onError={onError} aria-label={name} />
      )}
      {kind === "audio" && (
        // biome-ignore lint/a11y/useMediaCaption: sounds of runs have none
        <audio className={classes.media} src={address} controls onError={onError} aria-label={name} />
      )}
    </section>
  );
}

/** Small pictures are shown larger, with their pixels; a click shows any in its own size. */
function Image({ address, name, onError }: { address: string; name: string; onError: () => void }) {
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(null);
  const [own, setOwn] = useState(false);
  const small = natural !== null && natural.width > 0 && natural.width < 200;
  const width =
    natural && small && !own ? natural.width * Math.min(8, Math.floor(480 / natural.width)) : undefined;
  return (
    <>
      <div className={classes.media}>
        <img
          src={address}
          alt={name}
          className={`${classes.image} ${small ? classes.pixels : ""}`}
          style={own ? { maxWidth: "none" } : width ? { width } : {}}
          onLoad={(event) =>
            setNatural({
              width: event.currentTarget.naturalWidth,
              height: event.currentTarget.naturalHeight,
            })
          }
          onError={onError}
        />
      </div>
      <div className={classes.foot}>
        {natural && (
          <span className="numeric">
            {natural.width} × {natural.height} pixels
          </span>
        )}
        <button type="button" className="linklike" aria-pressed={own} onClick={() => setOwn(!own)}>
          {own ? "Fit" : "Its own size"}
        </button>
      </div>
    </>
  );
}
