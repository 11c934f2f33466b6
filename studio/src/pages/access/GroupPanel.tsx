import { ActionIcon, Button, Group as Row, TextInput, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { addMember, groupQuery, removeMember, removePrincipal } from "@/api/principals";
import { Confirm } from "@/components/Confirm";
import { useSay } from "@/components/notices";

/** A group and who is in it. */
export function GroupPanel({
  name,
  shown,
  mayWrite,
  onGone,
}: {
  name: string;
  shown: string;
  mayWrite: boolean;
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
        {mayWrite && (
          <Button
            variant="subtle"
            size="compact-xs"
            color="red"
            aria-label={`Remove the group ${name}`}
            onClick={() => setRemoving(true)}
          >
            Remove the group
          </Button>
        )}
      </Row>
      <ul style={{ paddingLeft: 0, listStyle: "none", margin: "8px 0" }}>
        {data?.members.map((one) => (
          <li key={one.uuid}>
            {one.name}
            {mayWrite && (
              <ActionIcon
                size="sm"
                aria-label={`Take ${one.name} out of ${name}`}
                onClick={() => work(() => removeMember(name, one.name))}
              >
                <IconX size={13} />
              </ActionIcon>
            )}
          </li>
        ))}
        {data?.members.length === 0 && <li className="quiet">Nobody is in it yet.</li>}
      </ul>
      {mayWrite && (
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
      )}
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title={`Remove the group ${name}?`}
        action="Remove"
        onConfirm={async () => {
          try {
            await removePrincipal("groups", name);
            await onGone();
            say.done(`Removed the group ${name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        Its roles go with it; its members stay.
      </Confirm>
    </section>
  );
}
