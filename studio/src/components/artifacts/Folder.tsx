/** What lies in a directory: pictures as pictures, a model as a model, the rest by name and size. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { FileSource } from "@/api/artifacts";
import classes from "@/components/artifacts/artifacts.module.css";
import { shownName } from "@/components/artifacts/names";
import { usePending } from "@/components/artifacts/pending";
import { listQuery } from "@/components/artifacts/use-tree";
import { More } from "@/components/More";
import { Broken, Waiting } from "@/components/states";
import { kindOf, nameOf } from "@/lib/file-kind";
import { bytes } from "@/lib/format";

const ModelCard = lazy(() => import("@/components/artifacts/previews/ModelCard"));
const FIRST = 200;

export function Folder({
  source,
  path,
  show,
  onRegister,
}: {
  source: FileSource;
  path: string;
  show: (path: string) => void;
  onRegister?: (path: string) => void;
}) {
  const found = useQuery(listQuery(source, path));
  const isPending = usePending(source);
  const [most, setMost] = useState(FIRST);
  if (found.isPending) return <Waiting label="Loading the directory" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const entries = found.data.filter((one) => !isPending(one.path));
  const pictures = entries.filter((one) => !one.isDir && kindOf(one.path) === "image");
  const others = entries.filter((one) => one.isDir || kindOf(one.path) !== "image");
  const about = entries.find((one) => !one.isDir && nameOf(one.path) === "MLmodel");
  const more = {
    hasNextPage: Math.max(pictures.length, others.length) > most,
    isFetchingNextPage: false,
    fetchNextPage: () => setMost(most + FIRST),
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.content} tabIndex={0} aria-label="Directory">
      {about && (
        <Suspense fallback={<Waiting />}>
          <ModelCard
            source={source}
            folder={path}
            path={about.path}
            {...(onRegister ? { onRegister: () => onRegister(path) } : {})}
          />
        </Suspense>
      )}
      {pictures.length > 0 && (
        <div className={classes.thumbs}>
          {pictures.slice(0, most).map((one) => (
            <button key={one.path} type="button" className={classes.thumb} onClick={() => show(one.path)}>
              <img loading="lazy" src={source.preview(one.path)} alt="" />
              <span className="ellipsis" title={nameOf(one.path)}>
                {shownName(one.path)}
              </span>
            </button>
          ))}
        </div>
      )}
      {others.length > 0 && (
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Size</th>
            </tr>
          </thead>
          <tbody>
            {others.slice(0, most).map((one) => (
              <tr key={one.path}>
                <td style={{ maxWidth: 0, width: "80%" }}>
                  <div className="ellipsis" title={nameOf(one.path)}>
                    <button
                      type="button"
                      className={`linklike ${classes.name}`}
                      onClick={() => show(one.path)}
                    >
                      {shownName(one.path)}
                      {one.isDir ? "/" : ""}
                    </button>
                  </div>
                </td>
                <td className="numeric" style={{ whiteSpace: "nowrap" }}>
                  {one.size === null ? "" : bytes(one.size)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {entries.length === 0 && <p className={`quiet ${classes.padded}`}>This directory is empty.</p>}
      <div className={classes.padded}>
        <More query={more} />
      </div>
    </section>
  );
}
