import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Page } from "@/components/Page";
import { Assignments } from "@/pages/access/Assignments";
import { AuditLog } from "@/pages/access/AuditLog";
import { Groups } from "@/pages/access/Groups";
import { People } from "@/pages/access/People";
import { Roles } from "@/pages/access/Roles";

const TABS = ["users", "service-accounts", "groups", "members", "roles", "audit"] as const;

/** The people and machines that a server knows, and what they may do on the whole of it. */
export function ServerAccessPage() {
  const search = useSearch({ from: "/inside/access" });
  const navigate = useNavigate({ from: "/access" });
  const tab = TABS.find((one) => one === search.tab) ?? "users";
  return (
    <Page title="People of this server">
      <Tabs
        value={tab}
        onChange={(value) => navigate({ search: value === "users" ? {} : { tab: value }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="users">Users</Tabs.Tab>
          <Tabs.Tab value="service-accounts">Service accounts</Tabs.Tab>
          <Tabs.Tab value="groups">Groups</Tabs.Tab>
          <Tabs.Tab value="members">Roles on the whole server</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
          <Tabs.Tab value="audit">Audit log</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="users">
          <People kind="users" />
        </Tabs.Panel>
        <Tabs.Panel value="service-accounts">
          <People kind="service-accounts" />
        </Tabs.Panel>
        <Tabs.Panel value="groups">
          <Groups />
        </Tabs.Panel>
        <Tabs.Panel value="members">
          <Assignments scope="/" here="this server" />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <Roles />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditLog workspace={null} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
