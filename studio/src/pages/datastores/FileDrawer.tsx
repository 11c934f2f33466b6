import { Button, Drawer, Group } from "@mantine/core";
import { IconDownload, IconExternalLink } from "@tabler/icons-react";
import { fileAddress, previewAddress } from "@/api/datastores";
import { Copy } from "@/components/Copy";
import { FileView } from "@/pages/datastores/FileView";
import { viewOf } from "@/pages/datastores/file-kinds";
import { lastOf } from "@/pages/datastores/search";

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
      {file !== null && (
        <>
          <Group gap="xs" mb="sm">
            <Button
              component="a"
              variant="default"
              href={fileAddress(workspace, name, file)}
              download={lastOf(file)}
              leftSection={<IconDownload size={15} />}
            >
              Download
            </Button>
            {viewOf(file) !== "none" && (
              <Button
                component="a"
                variant="default"
                href={previewAddress(workspace, name, file)}
                target="_blank"
                rel="noopener noreferrer"
                leftSection={<IconExternalLink size={15} />}
              >
                Open by itself
              </Button>
            )}
            <span className="quiet ellipsis" title={file} style={{ flex: 1 }}>
              {file}
            </span>
            <Copy text={file} what="Copy the path" />
          </Group>
          <FileView key={file} workspace={workspace} name={name} file={file} />
        </>
      )}
    </Drawer>
  );
}
