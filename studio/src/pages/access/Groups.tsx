import { Button, Group as Row } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useMayOnServer } from "@/api/may";
import { principalsQuery } from "@/api/principals";
import { More } from "@/components/More";
import { Empty, Waiting } from "@/components/states";
import { GroupPanel } from "@/pages/access/GroupPanel";
import { NewPerson } from "@/pages/access/NewPerson";
import { NotYours } from "@/pages/access/NotYours";

/** Groups and who is in them. */
export function Groups() {
  const found = useInfiniteQuery(principalsQuery("groups"));
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const mayWrite = useMayOnServer()("principals/write");
  const refresh = () => client.invalidateQueries({ queryKey: ["principals", "groups"] });
  if (found.isPending) return <Waiting label="Loading groups" />;
  if (found.isError)
    return <NotYours error={found.error} what="see the groups" again={() => found.refetch()} />;
  const rows = found.data.pages.flatMap((page) => page.items);
  return (
    <>
      <Row justify="flex-end" mb="sm">
        {mayWrite && (
          <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New group
          </Button>
        )}
      </Row>
      {rows.length === 0 && (
        <Empty title="There are no groups yet">
          Who is in a group of the same name at the identity provider joins it when they log in.
        </Empty>
      )}
      {rows.map((one) => (
        <GroupPanel
          key={one.uuid}
          name={one.name}
          shown={one.display_name}
          mayWrite={mayWrite}
          onGone={refresh}
        />
      ))}
      <More query={found} />
      <NewPerson kind="groups" open={making} onClose={() => setMaking(false)} onMade={refresh} />
    </>
  );
}
