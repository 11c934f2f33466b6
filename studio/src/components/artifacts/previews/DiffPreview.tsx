/** What was changed in code, file by file. */
import { useMemo } from "react";
import classes from "@/components/artifacts/artifacts.module.css";
import type { PreviewProps } from "@/components/artifacts/Preview";
import { DiffFiles } from "@/components/artifacts/previews/DiffFiles";
import { TextFoot } from "@/components/artifacts/previews/TextFoot";
import { Text } from "@/components/artifacts/previews/TextPreview";
import { useText } from "@/components/artifacts/previews/use-text";
import { Broken, Waiting } from "@/components/states";
import { parseDiff } from "@/lib/diff";
import { nameOf } from "@/lib/file-kind";

export default function DiffPreview({ source, path, size }: PreviewProps) {
  const found = useText(source, path, size);
  const { query, text, whole } = found;
  const none = useMemo(() => parseDiff(text).length === 0, [text]);
  if (query.isPending) return <Waiting label="Loading the changes" />;
  if (query.isError && !query.data) return <Broken error={query.error} again={() => query.refetch()} />;
  if (whole && text.trim() === "") return <p className={`quiet ${classes.padded}`}>No changes.</p>;
  if (none) return <Text found={found} text={text} language={null} name={nameOf(path)} />;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.content} tabIndex={0} aria-label={nameOf(path)}>
        <DiffFiles text={text} />
      </section>
      {!whole && <TextFoot found={found} />}
    </>
  );
}
