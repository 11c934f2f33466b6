import { Badge, Button, Group, Menu } from "@mantine/core";
import { IconDots, IconUserPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Principal } from "@/api/account";
import { useMayOnServer } from "@/api/may";
import { principalsQuery, removePrincipal, setDisabled } from "@/api/principals";
import { Confirm } from "@/components/Confirm";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";
import { NewPerson } from "@/pages/access/NewPerson";
import { NotYours } from "@/pages/access/NotYours";
import { PasswordDialog } from "@/pages/access/PasswordDialog";
import { TokensDrawer } from "@/pages/access/TokensDrawer";

const WORDS = {
  users: { one: "user", many: "users" },
  "service-accounts": { one: "service account", many: "service accounts" },
};
type Dialog = { kind: "remove" | "password" | "tokens"; who: Principal };

/** Users or service accounts of the server. */
export function People({ kind }: { kind: "users" | "service-accounts" }) {
  const found = useInfiniteQuery(principalsQuery(kind));
  const client = useQueryClient();
  const say = useSay();
  const [making, setMaking] = useState(false);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const words = WORDS[kind];
  const mayWrite = useMayOnServer()("principals/write");
  const refresh = () => client.invalidateQueries({ queryKey: ["principals", kind] });
  if (found.isPending) return <Waiting label={`Loading ${words.many}`} />;
  if (found.isError)
    return <NotYours error={found.error} what={`see the ${words.many}`} again={() => found.refetch()} />;
  const rows = found.data.pages.flatMap((page) => page.items);
  const disable = async (who: Principal, disabled: boolean) => {
    try {
      await setDisabled(kind, who.name, disabled);
      await refresh();
      say.done(
        `${who.name} ${disabled ? "can do nothing now" : "may log in again"}`,
        () => void disable(who, !disabled),
      );
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <>
      <Group justify="flex-end" mb="sm">
        {mayWrite && (
          <Button leftSection={<IconUserPlus size={15} />} onClick={() => setMaking(true)}>
            New {words.one}
          </Button>
        )}
      </Group>
      {rows.length === 0 && <Empty title={`There are no ${words.many} yet`} />}
      {rows.length > 0 && (
        <TablePanel label="Table of people">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Shown as</th>
                {kind === "users" && <th scope="col">Address</th>}
                <th scope="col">State</th>
                <th scope="col">Made</th>
                <th scope="col">
                  <span className="only-read">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.uuid}>
                  <td className="ellipsis" style={{ maxWidth: 240 }} title={one.name}>
                    {one.name}
                  </td>
                  <td className="ellipsis" style={{ maxWidth: 240 }} title={one.display_name}>
                    {one.display_name}
                  </td>
                  {kind === "users" && <td>{one.email}</td>}
                  <td>{one.disabled ? <Badge color="red">disabled</Badge> : "active"}</td>
                  <td style={{ whiteSpace: "nowrap" }}>
                    <Moment ms={one.created_ms} />
                  </td>
                  <td>
                    {mayWrite && (
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <Button
                            variant="subtle"
                            size="compact-xs"
                            color="gray"
                            aria-label={`Actions for ${one.name}`}
                          >
                            <IconDots size={15} />
                          </Button>
                        </Menu.Target>
                        <Menu.Dropdown>
                          {kind === "service-accounts" && (
                            <Menu.Item onClick={() => setDialog({ kind: "tokens", who: one })}>
                              Tokens
                            </Menu.Item>
                          )}
                          {kind === "users" && (
                            <Menu.Item onClick={() => setDialog({ kind: "password", who: one })}>
                              Set a new password
                            </Menu.Item>
                          )}
                          <Menu.Item onClick={() => disable(one, !one.disabled)}>
                            {one.disabled ? "Enable" : "Disable"}
                          </Menu.Item>
                          <Menu.Item color="red" onClick={() => setDialog({ kind: "remove", who: one })}>
                            Remove
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </TablePanel>
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
      <NewPerson kind={kind} open={making} onClose={() => setMaking(false)} onMade={refresh} />
      <PasswordDialog
        user={dialog?.kind === "password" ? dialog.who.name : null}
        onClose={() => setDialog(null)}
      />
      <TokensDrawer
        account={dialog?.kind === "tokens" ? dialog.who.name : null}
        onClose={() => setDialog(null)}
      />
      <Confirm
        open={dialog?.kind === "remove"}
        onClose={() => setDialog(null)}
        title={`Remove ${dialog?.who.name ?? ""}?`}
        action="Remove"
        onConfirm={async () => {
          try {
            await removePrincipal(kind, dialog!.who.name);
            await refresh();
            say.done(`Removed ${dialog!.who.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        Tokens and roles go with them; what they made stays.
      </Confirm>
    </>
  );
}
