/** Text and code, with numbers of lines; large files in parts. */
import { lazy, Suspense, useState } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { TextFoot } from "@/components/artifacts/previews/TextFoot";
import { Unshown } from "@/components/artifacts/previews/Unshown";
import { useText } from "@/components/artifacts/previews/use-text";
import { Broken, Waiting } from "@/components/states";
import { languageOf, nameOf } from "@/lib/file-kind";

const Highlighted = lazy(() => import("@/components/artifacts/previews/Highlighted"));
/** Longer texts are shown without colours: they would hold the page up. */
const MOST_COLORED = 300_000;

export default function TextPreview({ source, path, size }: PreviewProps) {
  const found = useText(source, path, size);
  const { query, text, binary, total } = found;
  if (query.isPending) return <Waiting label="Loading the text" />;
  if (query.isError && !query.data) return <Broken error={query.error} again={() => query.refetch()} />;
  if (binary)
    return <Unshown source={source} path={path} why="This is no text, and nothing that is known here." />;
  if (total === 0) return <p className={`quiet ${classes.padded}`}>This file is empty.</p>;
  return <Text found={found} text={text} language={languageOf(path)} name={nameOf(path)} />;
}

export function Text({
  found,
  text,
  language,
  name,
}: {
  found: ReturnType<typeof useText>;
  text: string;
  language: string | null;
  name: string;
}) {
  const [wrap, setWrap] = useState(false);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label={name}>
        <Code text={text} language={language} wrap={wrap} />
      </section>
      <TextFoot found={found}>
        <button type="button" className="linklike" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
          {wrap ? "Do not wrap lines" : "Wrap lines"}
        </button>
      </TextFoot>
    </>
  );
}

/** Lines of code; wrapped ones have no numbers beside them, which would not stand where their lines are. */
export function Code({
  text,
  language,
  wrap = false,
}: {
  text: string;
  language: string | null;
  wrap?: boolean;
}) {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  const colored = language !== null && text.length <= MOST_COLORED;
  return (
    <div className={`${classes.code} ${wrap ? classes.wrapped : ""}`}>
      <div className={classes.numbers} aria-hidden>
        {wrap ? "" : Array.from({ length: lines }, (_, i) => i + 1).join("\n")}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <div className={classes.lines} tabIndex={0}>
        {colored ? (
          <Suspense fallback={text}>
            <Highlighted text={text} language={language} />
          </Suspense>
        ) : (
          text
        )}
      </div>
    </div>
  );
}
