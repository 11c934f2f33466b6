/** A file that is not shown: why, and how to get it. */
import { Button } from "@mantine/core";
import { IconDownload, IconFileUnknown } from "@tabler/icons-react";
import type { FileSource } from "@/api/artifacts";
import { Empty } from "@/components/states";
import { nameOf } from "@/lib/file-kind";

export function Unshown({ source, path, why }: { source: FileSource; path: string; why: string }) {
  return (
    <Empty title="No preview" icon={<IconFileUnknown size={28} aria-hidden />}>
      <p>{why}</p>
      <Button
        component="a"
        variant="default"
        leftSection={<IconDownload size={15} />}
        href={source.download(path)}
        download={nameOf(path)}
      >
        Download
      </Button>
    </Empty>
  );
}
