import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useMay } from "@/api/may";
import { workspaceQuery } from "@/api/workspaces";
import { Page } from "@/components/Page";
import { Broken, Waiting } from "@/components/states";
import { Assignments } from "@/pages/access/Assignments";
import { AuditLog } from "@/pages/access/AuditLog";
import { Roles } from "@/pages/access/Roles";
import { auditAddress, auditShown } from "@/pages/access/search";

const ROUTE = "/inside/workspaces/$workspace/access";
const TABS = ["members", "roles", "audit"] as const;

/** Who may do what in a workspace, and who did what. */
export function WorkspaceAccessPage() {
  const { workspace } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: "/workspaces/$workspace/access" });
  const tab = TABS.find((one) => one === search.tab) ?? "members";
  const found = useQuery(workspaceQuery(workspace));
  const may = useMay(workspace);
  if (found.isPending) return <Waiting label="Loading the workspace" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const { subscription, group, name } = found.data;
  const scope = `/subscriptions/${subscription}/resourceGroups/${group}/workspaces/${name}`;
  return (
    <Page
      title="Access"
      actions={
        <Link to="/access" search={{}}>
          Users, groups and service accounts of the server
        </Link>
      }
    >
      <Tabs
        value={tab}
        onChange={(value) => navigate({ search: value === "members" ? {} : { tab: value }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="members">Members</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
          <Tabs.Tab value="audit">Audit log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="members">
          <Assignments
            workspace={workspace}
            scope={scope}
            here={`workspace ${name}`}
            may={may("access/write")}
          />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <Roles />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditLog
            workspace={name}
            shown={auditShown(search)}
            onShow={(shown) => navigate({ search: auditAddress(shown), replace: true })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
