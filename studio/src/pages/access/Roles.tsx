import { Button, Group, Title } from "@mantine/core";
import { IconCheck, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMayOnServer } from "@/api/may";
import { deleteRole, type Role, rolesQuery } from "@/api/roles";
import { Confirm } from "@/components/Confirm";
import { useSay } from "@/components/notices";
import { Waiting } from "@/components/states";
import { allows } from "@/lib/actions";
import classes from "@/pages/access/access.module.css";
import { byNoun } from "@/pages/access/by-noun";
import { NewRole } from "@/pages/access/NewRole";
import { NotYours } from "@/pages/access/NotYours";

/** Which role may do what, as a table of actions. */
export function Roles() {
  const found = useQuery(rolesQuery());
  const client = useQueryClient();
  const say = useSay();
  const may = useMayOnServer();
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<Role | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ["roles"] });
  if (found.isPending) return <Waiting label="Loading roles" />;
  if (found.isError)
    return <NotYours error={found.error} what="see the roles" again={() => found.refetch()} />;
  const { items: roles, actions } = found.data;
  return (
    <>
      <Group justify="space-between" mb="sm" mih={30}>
        <p className="quiet" style={{ margin: 0 }}>
          A role is a set of actions. Roles are the same in all workspaces of the server.
        </p>
        {may("access/write") && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New role
          </Button>
        )}
      </Group>
      <section
        className={`panel ${classes.matrix}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label="What each role allows"
      >
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Action</th>
              {roles.map((role) => (
                <Head
                  key={role.name}
                  role={role}
                  onRemove={!role.built_in && may("access/write") ? () => setRemoving(role) : null}
                />
              ))}
            </tr>
          </thead>
          {byNoun(actions).map(([noun, ones]) => (
            <tbody key={noun}>
              <tr className={classes.noun}>
                <th scope="colgroup" colSpan={roles.length + 1}>
                  <Title order={3}>{noun}</Title>
                </th>
              </tr>
              {ones.map((action) => (
                <tr key={action}>
                  <th scope="row">
                    <code>{action}</code> <span className={classes.about}>{actions[action]}</span>
                  </th>
                  {roles.map((role) => (
                    <td key={role.name}>
                      {allows(role, action) ? (
                        <IconCheck size={16} aria-label="yes" role="img" />
                      ) : (
                        <span className="only-read">no</span>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
      </section>
      <NewRole open={making} onClose={() => setMaking(false)} actions={actions} onMade={refresh} />
      <Confirm
        open={removing !== null}
        onClose={() => setRemoving(null)}
        title={`Remove the role ${removing?.name ?? ""}?`}
        action="Remove"
        onConfirm={async () => {
          try {
            await deleteRole(removing!.name);
            await refresh();
            say.done(`Removed the role ${removing!.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        It must not be given to anybody any more.
      </Confirm>
    </>
  );
}

function Head({ role, onRemove }: { role: Role; onRemove: (() => void) | null }) {
  return (
    <th scope="col" title={role.description}>
      <div className="ellipsis" style={{ maxWidth: 180 }}>
        {role.name}
      </div>
      {onRemove && (
        <Button
          variant="subtle"
          size="compact-xs"
          color="red"
          ml={-8}
          aria-label={`Remove the role ${role.name}`}
          onClick={onRemove}
        >
          Remove
        </Button>
      )}
    </th>
  );
}
