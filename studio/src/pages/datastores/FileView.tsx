import { Text } from "@mantine/core";
import { IconFileUnknown } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { fileAddress, previewAddress } from "@/api/datastores";
import { ApiError, request } from "@/api/http";
import { Broken, Empty, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import classes from "@/pages/datastores/datastores.module.css";
import { viewOf } from "@/pages/datastores/file-kinds";
import { lastOf } from "@/pages/datastores/search";

const FIRST_BYTES = 256 * 1024;

/** What the server shows in an origin of its own is framed; texts are read and shown as text. */
export function FileView({ workspace, name, file }: { workspace: string; name: string; file: string }) {
  const at = previewAddress(workspace, name, file);
  const title = lastOf(file);
  switch (viewOf(file)) {
    case "picture":
      return <img className={classes.picture} src={at} alt={title} />;
    case "page":
      return <iframe className={classes.frame} src={at} title={title} />;
    case "sound":
      // biome-ignore lint/a11y/useMediaCaption: files of users have none
      return <audio controls src={at} aria-label={title} style={{ width: "100%" }} />;
    case "film":
      // biome-ignore lint/a11y/useMediaCaption: files of users have none
      return <video controls src={at} aria-label={title} className={classes.picture} />;
    case "text":
      return <FirstText workspace={workspace} name={name} file={file} />;
    default:
      return (
        <Empty
          title="Browsers cannot show this kind of file"
          icon={<IconFileUnknown size={28} aria-hidden />}
        >
          Download it to look at it.
        </Empty>
      );
  }
}

function FirstText({ workspace, name, file }: { workspace: string; name: string; file: string }) {
  const found = useQuery({
    queryKey: ["datastore text", workspace, name, file],
    queryFn: ({ signal }) => firstText(fileAddress(workspace, name, file), signal),
  });
  if (found.isPending) return <Waiting label="Loading the file" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const { text, size } = found.data;
  if (text === "") return <Empty title="The file is empty" />;
  return (
    <>
      {size > FIRST_BYTES && (
        <Text size="sm" className="quiet" mb={6}>
          The first {bytes(FIRST_BYTES)} of {bytes(size)}.
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre className={classes.text} tabIndex={0}>
        {text}
      </pre>
    </>
  );
}

async function firstText(url: string, signal: AbortSignal): Promise<{ text: string; size: number }> {
  try {
    const answer = await request("GET", url, { signal, headers: { Range: `bytes=0-${FIRST_BYTES - 1}` } });
    const text = await answer.text();
    const whole = Number(answer.headers.get("content-range")?.split("/")[1]);
    return { text, size: Number.isFinite(whole) && whole > 0 ? whole : text.length };
  } catch (error) {
    // There is no part of an empty file.
    if (error instanceof ApiError && error.status === 416) return { text: "", size: 0 };
    throw error;
  }
}
