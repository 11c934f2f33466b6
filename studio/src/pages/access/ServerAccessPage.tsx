import { Tabs } from "@mantine/core";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMayOnServer } from "@/api/may";
import { Page } from "@/components/Page";
import { Assignments } from "@/pages/access/Assignments";
import { AuditLog } from "@/pages/access/AuditLog";
import { Groups } from "@/pages/access/Groups";
import { People } from "@/pages/access/People";
import { Roles } from "@/pages/access/Roles";
import { auditAddress, auditShown } from "@/pages/access/search";

/** What each tab is called, and what one must be allowed to read to see anything in it. */
const TABS = {
  users: { name: "Users", needs: "principals/read" },
  "service-accounts": { name: "Service accounts", needs: "principals/read" },
  groups: { name: "Groups", needs: "principals/read" },
  members: { name: "Roles on the whole server", needs: "access/read" },
  roles: { name: "Roles", needs: null },
  audit: { name: "Audit log", needs: "audit/read" },
} as const;
type Tab = keyof typeof TABS;

/** The people and machines that a server knows, and what they may do on the whole of it. */
export function ServerAccessPage() {
  const search = useSearch({ from: "/inside/access" });
  const navigate = useNavigate({ from: "/access" });
  const may = useMayOnServer();
  const open = (Object.keys(TABS) as Tab[]).filter((one) => {
    const { needs } = TABS[one];
    return needs === null || may(needs) || one === search.tab;
  });
  const tab = open.find((one) => one === search.tab) ?? open[0]!;
  return (
    <Page title="People of this server">
      {open[0] === "roles" && (
        <p className="quiet" style={{ margin: "0 0 12px" }}>
          Users, groups and the audit log are for who has a role on the whole server.
        </p>
      )}
      <Tabs
        value={tab}
        onChange={(value) => navigate({ search: value === open[0] ? {} : { tab: value }, replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          {open.map((one) => (
            <Tabs.Tab key={one} value={one}>
              {TABS[one].name}
            </Tabs.Tab>
          ))}
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
          <Assignments workspace={null} scope="/" here="this server" may={may("access/write")} />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <Roles />
        </Tabs.Panel>
        <Tabs.Panel value="audit">
          <AuditLog
            workspace={null}
            shown={auditShown(search)}
            onShow={(shown) => navigate({ search: auditAddress(shown), replace: true })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
