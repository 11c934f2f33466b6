import { ActionIcon, Button, Group as Row, TextInput, Title } from "@mantine/core";
import { IconPlus, IconX } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { addMember, groupQuery, principalsQuery, removeMember, removePrincipal } from "@/api/principals";
import { Confirm } from "@/components/Confirm";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Empty, Waiting } from "@/components/states";
import { NewPerson } from "@/pages/access/NewPerson";
import { NotYours } from "@/pages/access/NotYours";

/** Groups and who is in them. */
export function Groups() {
  const found = useInfiniteQuery(principalsQuery("groups"));
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const refresh = () => client.invalidateQueries({ queryKey: ["principals", "groups"] });
  if (found.isPending) return <Waiting label="Loading groups" />;
  if (found.isError)
    return <NotYours error={found.error} what="see the groups" again={() => found.refetch()} />;
  const rows = found.data.pages.flatMap((page) => page.items);
  return (
    <>
      <Row justify="flex-end" mb="sm">
        <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
          New group
        </Button>
      </Row>
      {rows.length === 0 && (
        <Empty title="There are no groups yet">
          Who is in a group of the same name at the identity provider joins it when they log in.
        </Empty>
      )}
      {rows.map((one) => (
        <GroupPanel key={one.uuid} name={one.name} shown={one.display_name} onGone={refresh} />
      ))}
      <More query={found} />
      <NewPerson kind="groups" open={making} onClose={() => setMaking(false)} onMade={refresh} />
    </>
  );
}

function GroupPanel({
  name,
  shown,
  onGone,
}: {
  name: string;
  shown: string;
  onGone: () => Promise<unknown>;
}) {
  const { data } = useQuery(groupQuery(name));
  const [member, setMember] = useState("");
  const [removing, setRemoving] = useState(false);
  const client = useQueryClient();
  const say = useSay();
  const work = async (task: () => Promise<unknown>) => {
    try {
      await task();
      await client.invalidateQueries({ queryKey: ["group", name] });
      return true;
    } catch (error) {
      say.error(error);
      return false;
    }
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await work(() => addMember(name, member))) setMember("");
  };
  return (
    <section
      className="panel"
      style={{ padding: "12px 16px", marginBottom: 12 }}
      aria-label={`Group ${name}`}
    >
      <Row justify="space-between">
        <Title order={2} className="ellipsis" title={name}>
          {name} {shown && shown !== name && <span className="quiet">{shown}</span>}
        </Title>
        <Button variant="subtle" size="compact-xs" color="red" onClick={() => setRemoving(true)}>
          Remove the group
        </Button>
      </Row>
      <ul style={{ paddingLeft: 0, listStyle: "none", margin: "8px 0" }}>
        {data?.members.map((one) => (
          <li key={one.uuid}>
            {one.name}
            <ActionIcon
              size="sm"
              aria-label={`Take ${one.name} out of ${name}`}
              onClick={() => work(() => removeMember(name, one.name))}
            >
              <IconX size={13} />
            </ActionIcon>
          </li>
        ))}
        {data?.members.length === 0 && <li className="quiet">Nobody is in it yet.</li>}
      </ul>
      <form onSubmit={add}>
        <Row gap="xs">
          <TextInput
            aria-label={`A new member of ${name}`}
            placeholder="Name of a user or service account"
            required
            w={260}
            value={member}
            onChange={(event) => setMember(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Add
          </Button>
        </Row>
      </form>
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={`Remove the group ${name}?`}
        action="Remove"
        onConfirm={async () => {
          if (await work(() => removePrincipal("groups", name))) await onGone();
        }}
      >
        Its roles go with it; its members stay.
      </Confirm>
    </section>
  );
}
