import { Badge, Button, Group, Text } from "@mantine/core";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Assignment, assignmentsQuery, assignRole, removeAssignment } from "@/api/roles";
import { Moment } from "@/components/Moment";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Empty, Waiting } from "@/components/states";
import { AssignDialog } from "@/pages/access/AssignDialog";
import { NotYours } from "@/pages/access/NotYours";
import { place } from "@/pages/access/place";

/** Who has which role in a scope: given there, above it, or below it. */
export function Assignments({ scope, here }: { scope: string; here: string }) {
  const found = useInfiniteQuery(assignmentsQuery(scope));
  const [giving, setGiving] = useState(false);
  const client = useQueryClient();
  const say = useSay();
  const refresh = () => client.invalidateQueries({ queryKey: ["assignments"] });
  if (found.isPending) return <Waiting label="Loading members" />;
  if (found.isError)
    return <NotYours error={found.error} what="see who has which role" again={() => found.refetch()} />;
  const rows = found.data.pages.flatMap((page) => page.items);
  const remove = async (one: Assignment) => {
    try {
      await removeAssignment(one.assignment_id);
      await refresh();
      const { principal, role, scope: at, allow } = one;
      say.done(`${principal} is no longer ${role} in ${place(at)}`, () => {
        assignRole({ principal, role, scope: at, allow }).then(refresh).catch(say.error);
      });
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Text size="sm" className="quiet">
          A role acts where it is given and below. What is denied on the way wins.
        </Text>
        <Button leftSection={<IconUserPlus size={15} />} onClick={() => setGiving(true)}>
          Give a role
        </Button>
      </Group>
      {rows.length === 0 ? (
        <Empty title="Nobody has a role here" icon={<IconUsers size={28} aria-hidden />}>
          On a server without accounts everybody who reaches it may do everything.
        </Empty>
      ) : (
        <div className="panel" style={{ overflowX: "auto" }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Who</th>
                <th scope="col">Role</th>
                <th scope="col">Where</th>
                <th scope="col">Given</th>
                <th scope="col">
                  <span className="only-read">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((one) => (
                <tr key={one.assignment_id}>
                  <td className="ellipsis" style={{ maxWidth: 260 }} title={one.principal}>
                    {one.principal}
                  </td>
                  <td>
                    {one.role} {!one.allow && <Badge color="red">denied</Badge>}
                  </td>
                  <td className="ellipsis" style={{ maxWidth: 320 }} title={one.scope}>
                    {one.scope === scope ? "here" : place(one.scope)}
                  </td>
                  <td style={{ whiteSpace: "nowrap" }}>
                    <Moment ms={one.created_ms} /> <span className="quiet">by {one.created_by}</span>
                  </td>
                  <td>
                    <Button
                      variant="subtle"
                      size="compact-xs"
                      color="red"
                      aria-label={`Remove ${one.role} from ${one.principal}`}
                      onClick={() => remove(one)}
                    >
                      Remove
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
      <AssignDialog
        open={giving}
        onClose={() => setGiving(false)}
        scope={scope}
        here={here}
        onGiven={refresh}
      />
    </>
  );
}
