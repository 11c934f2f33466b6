import { Button, Drawer, Group } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { datastoreFiles, fileAddress, fileQuery } from "@/api/datastores";
import { Copy } from "@/components/Copy";
import { Broken, Empty, Waiting } from "@/components/states";
import { bytes } from "@/lib/format";
import { lastOf } from "@/pages/datastores/search";

const Preview = lazy(() =>
  import("@/components/artifacts/Preview").then((one) => ({ default: one.Preview })),
);

/** A file of a datastore, as far as a browser can show it. */
export function FileDrawer({
  workspace,
  name,
  file,
  onClose,
}: {
  workspace: string;
  name: string;
  file: string | null;
  onClose: () => void;
}) {
  return (
    <Drawer
      opened={file !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={<span style={{ overflowWrap: "anywhere" }}>{lastOf(file ?? "")}</span>}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {file !== null && <Shown key={file} workspace={workspace} name={name} file={file} />}
    </Drawer>
  );
}

function Shown({ workspace, name, file }: { workspace: string; name: string; file: string }) {
  const found = useQuery(fileQuery(workspace, name, file));
  if (found.isPending) return <Waiting label="Loading the file" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  if (found.data === null)
    return <Empty title="There is no such file">It may have been deleted or moved.</Empty>;
  const { size } = found.data;
  return (
    <>
      <Group gap="xs" mb="sm" wrap="nowrap">
        <Button
          component="a"
          variant="default"
          href={fileAddress(workspace, name, file)}
          download={lastOf(file)}
          leftSection={<IconDownload size={15} />}
          style={{ flex: "none" }}
        >
          Download
        </Button>
        {size !== null && (
          <span className="quiet numeric" style={{ flex: "none" }}>
            {bytes(size)}
          </span>
        )}
        <span className="quiet ellipsis" title={file} style={{ flex: 1 }}>
          {file}
        </span>
        <Copy text={file} what="Copy the path" />
      </Group>
      <Suspense fallback={<Waiting label="Loading the file" />}>
        <Preview source={datastoreFiles(workspace, name)} path={file} size={size} />
      </Suspense>
    </>
  );
}
