import { Badge, Button, Group } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { type Datastore, datastoresQuery } from "@/api/datastores";
import { useMay } from "@/api/may";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { AttachDialog } from "@/pages/datastores/AttachDialog";
import { kindName, whereIs } from "@/pages/datastores/kinds";
import { StoreMenu } from "@/pages/datastores/StoreMenu";

/** All datastores of a workspace. */
export function StoreList({ workspace }: { workspace: string }) {
  const found = useInfiniteQuery(datastoresQuery(workspace));
  const may = useMay(workspace);
  const [attaching, setAttaching] = useState(false);
  const rows = found.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page
      title="Datastores"
      actions={
        may("datastores/manage") && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setAttaching(true)}>
            Attach a datastore
          </Button>
        )
      }
    >
      <p className="quiet" style={{ margin: "0 0 12px" }}>
        Where files are. They go through the server: who may use a datastore never sees its keys.
      </p>
      {found.isPending && <Waiting label="Loading datastores" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {rows.length > 0 && <Table workspace={workspace} rows={rows} />}
      <Group justify="center" mt="md">
        <More query={found} />
      </Group>
      <AttachDialog workspace={workspace} open={attaching} onClose={() => setAttaching(false)} />
    </Page>
  );
}

function Table({ workspace, rows }: { workspace: string; rows: Datastore[] }) {
  return (
    <div className="panel" style={{ overflowX: "auto" }}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Kind</th>
            <th scope="col">Where</th>
            <th scope="col">Key</th>
            <th scope="col">Attached</th>
            <th scope="col">
              <span className="only-read">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.name}>
              <td style={{ maxWidth: 320 }}>
                <Group gap={6} wrap="nowrap">
                  <Link
                    to="/workspaces/$workspace/datastores"
                    params={{ workspace }}
                    search={{ name: one.name }}
                    className="ellipsis"
                    title={one.name}
                  >
                    {one.name}
                  </Link>
                  {one.is_default && <Badge style={{ flex: "none" }}>default</Badge>}
                </Group>
              </td>
              <td style={{ whiteSpace: "nowrap" }}>{kindName(one.kind)}</td>
              <td className="ellipsis" style={{ maxWidth: 420 }} title={whereIs(one)}>
                {whereIs(one)}
              </td>
              <td>{one.has_secret ? "kept" : <span className="quiet">none</span>}</td>
              <td style={{ whiteSpace: "nowrap" }}>
                {one.built_in ? (
                  <span className="quiet">with the workspace</span>
                ) : (
                  <>
                    <Moment ms={one.created_ms} /> <span className="quiet">by {one.created_by}</span>
                  </>
                )}
              </td>
              <td>
                <StoreMenu workspace={workspace} store={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
