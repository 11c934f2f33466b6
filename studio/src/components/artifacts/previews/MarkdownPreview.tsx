/** Markdown as it is meant, with the run's own pictures; or its text. */
import { useState } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { TextFoot } from "@/components/artifacts/previews/TextFoot";
import { Code } from "@/components/artifacts/previews/TextPreview";
import { useText } from "@/components/artifacts/previews/use-text";
import Markdown from "@/components/Markdown";
import { Broken, Waiting } from "@/components/states";
import { folderOf, nameOf } from "@/lib/file-kind";
import { below } from "@/lib/relative-path";

export default function MarkdownPreview({ source, path, size }: PreviewProps) {
  const found = useText(source, path, size);
  const [raw, setRaw] = useState(false);
  const { query, text } = found;
  if (query.isPending) return <Waiting label="Loading the text" />;
  if (query.isError && !query.data) return <Broken error={query.error} again={() => query.refetch()} />;
  const picture = (address: string) => {
    const place = below(folderOf(path), address);
    return place === null ? null : source.preview(place);
  };
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label={nameOf(path)}>
        {raw ? (
          <Code text={text} language="markdown" wrap />
        ) : (
          <div className={classes.padded}>
            <Markdown text={text} picture={picture} />
          </div>
        )}
      </section>
      <TextFoot found={found}>
        <button type="button" className="linklike" onClick={() => setRaw(!raw)}>
          {raw ? "Show as it is meant" : "Show the text"}
        </button>
      </TextFoot>
    </>
  );
}
