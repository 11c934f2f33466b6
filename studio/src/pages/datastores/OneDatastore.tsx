import { Badge, Button, FileButton, Group } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { datastoreQuery } from "@/api/datastores";
import { useMay } from "@/api/may";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { FileDrawer } from "@/pages/datastores/FileDrawer";
import { Files } from "@/pages/datastores/Files";
import { kindName, whereIs } from "@/pages/datastores/kinds";
import { StoreMenu } from "@/pages/datastores/StoreMenu";
import { Trail } from "@/pages/datastores/Trail";
import { UploadList } from "@/pages/datastores/UploadList";
import { useUploads } from "@/pages/datastores/use-uploads";

/** A datastore: a folder of it, and uploading into that. */
export function OneDatastore({
  workspace,
  name,
  path,
  file,
  onFile,
}: {
  workspace: string;
  name: string;
  path: string;
  file: string | null;
  onFile: (file: string | null) => void;
}) {
  const found = useQuery(datastoreQuery(workspace, name));
  const navigate = useNavigate();
  const may = useMay(workspace);
  const uploads = useUploads(workspace, name);
  if (found.isPending) return <Waiting label="Loading the datastore" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const store = found.data;
  const base = `/workspaces/${encodeURIComponent(workspace)}`;
  return (
    <Page
      title={store.name}
      crumbs={[{ text: "Datastores", to: `${base}/datastores` }]}
      beside={store.is_default && <Badge style={{ flex: "none" }}>default</Badge>}
      actions={
        <>
          {may("datastores/write") && (
            <FileButton multiple onChange={(files) => uploads.add(path, files)}>
              {(props) => (
                <Button {...props} leftSection={<IconUpload size={15} />}>
                  Upload
                </Button>
              )}
            </FileButton>
          )}
          <StoreMenu
            workspace={workspace}
            store={store}
            onGone={() => navigate({ to: "/workspaces/$workspace/datastores", params: { workspace } })}
          />
        </>
      }
    >
      <p className="quiet ellipsis" style={{ margin: "0 0 10px" }} title={whereIs(store)}>
        {kindName(store.kind)}
        {store.kind !== "workspace" && <> · {whereIs(store)}</>}
      </p>
      <Group justify="space-between" mb="xs" mih={28}>
        <Trail workspace={workspace} name={name} path={path} />
      </Group>
      <UploadList uploads={uploads} />
      <Files
        workspace={workspace}
        name={name}
        path={path}
        onFile={onFile}
        onDropped={(files) => uploads.add(path, files)}
      />
      <FileDrawer workspace={workspace} name={name} file={file} onClose={() => onFile(null)} />
    </Page>
  );
}
