import { Button, Group } from "@mantine/core";
import { IconUserPlus, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Assignment, assignmentsQuery, assignRole, removeAssignment } from "@/api/roles";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Empty, Waiting } from "@/components/states";
import { AssignDialog } from "@/pages/access/AssignDialog";
import { AssignmentTable } from "@/pages/access/AssignmentTable";
import { NotYours } from "@/pages/access/NotYours";
import { place } from "@/pages/access/place";

/** Who has which role in a scope: given there, above it, or below it. */
export function Assignments({
  workspace,
  scope,
  here,
  may,
}: {
  /** The one that the scope is of; null: the server. */
  workspace: string | null;
  scope: string;
  here: string;
  /** Whether one may give and take roles here. */
  may: boolean;
}) {
  const found = useInfiniteQuery(assignmentsQuery(workspace, scope));
  const [giving, setGiving] = useState(false);
  const client = useQueryClient();
  const say = useSay();
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: ["assignments"] }),
      client.invalidateQueries({ queryKey: ["my actions"] }),
      client.invalidateQueries({ queryKey: ["me"] }),
    ]);
  if (found.isPending) return <Waiting label="Loading members" />;
  if (found.isError)
    return <NotYours error={found.error} what="see who has which role" again={() => found.refetch()} />;
  const rows = found.data.pages.flatMap((page) => page.items);
  const remove = async (one: Assignment) => {
    try {
      await removeAssignment(workspace, one.assignment_id);
      await refresh();
      const { principal, role, scope: at, allow } = one;
      say.done(
        allow
          ? `${principal} is no longer ${role} in ${place(at)}`
          : `${role} is no longer denied to ${principal} in ${place(at)}`,
        () => {
          assignRole(workspace, { principal, role, scope: at, allow }).then(refresh).catch(say.error);
        },
      );
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <>
      <Group justify="space-between" mb="sm" mih={30}>
        <p className="quiet" style={{ margin: 0 }}>
          A role acts where it is given and below. What is denied on the way wins.
        </p>
        {may && (
          <Button leftSection={<IconUserPlus size={15} />} onClick={() => setGiving(true)}>
            Give a role
          </Button>
        )}
      </Group>
      {rows.length === 0 ? (
        <Empty title="Nobody has a role here" icon={<IconUsers size={28} aria-hidden />}>
          On a server without accounts everybody who reaches it may do everything.
        </Empty>
      ) : (
        <AssignmentTable rows={rows} scope={scope} onRemove={may ? remove : null} />
      )}
      <Group justify="center" mt="sm">
        <More query={found} />
      </Group>
      <AssignDialog
        workspace={workspace}
        open={giving}
        onClose={() => setGiving(false)}
        scope={scope}
        here={here}
        onGiven={refresh}
      />
    </>
  );
}
