import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconCheck, IconPlus } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { createRole, deleteRole, type Role, rolesQuery } from "@/api/roles";
import { Confirm } from "@/components/Confirm";
import { useSay } from "@/components/notices";
import { Waiting } from "@/components/states";
import { NotYours } from "@/pages/access/NotYours";

/** Which role may do what, as a table of actions. */
export function Roles() {
  const found = useQuery(rolesQuery());
  const client = useQueryClient();
  const say = useSay();
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<Role | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: ["roles"] });
  if (found.isPending) return <Waiting label="Loading roles" />;
  if (found.isError)
    return <NotYours error={found.error} what="see the roles" again={() => found.refetch()} />;
  const roles = found.data;
  const actions = actionsOf(roles);
  return (
    <>
      <Group justify="flex-end" mb="sm">
        <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
          New role
        </Button>
      </Group>
      <div className="panel" style={{ overflowX: "auto" }}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Action</th>
              {roles.map((role) => (
                <th key={role.name} scope="col" title={role.description}>
                  {role.name}
                  {!role.built_in && (
                    <Button
                      variant="subtle"
                      size="compact-xs"
                      color="red"
                      aria-label={`Remove the role ${role.name}`}
                      onClick={() => setRemoving(role)}
                    >
                      Remove
                    </Button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {actions.map((action) => (
              <tr key={action}>
                <th scope="row">
                  <code>{action}</code>
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
        </table>
      </div>
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

/** Every action that some role names. */
function actionsOf(roles: Role[]): string[] {
  const found = new Set(roles.flatMap((role) => role.actions));
  return [...found].filter((action) => !action.includes("*")).sort();
}

function allows(role: Role, action: string): boolean {
  const fits = (pattern: string) =>
    pattern === "*" ||
    pattern === action ||
    (pattern.endsWith("/*") && action.startsWith(pattern.slice(0, -1)));
  return role.actions.some(fits) && !role.not_actions.some(fits);
}

function NewRole({
  open,
  onClose,
  actions,
  onMade,
}: {
  open: boolean;
  onClose: () => void;
  actions: string[];
  onMade: () => Promise<unknown>;
}) {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await createRole({ name, description, actions: chosen });
      await onMade();
      setName("");
      setChosen([]);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title="New role"
      size="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            data-autofocus
            value={name}
            error={problem}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label="Description"
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Text size="sm" fw={600}>
            Actions
          </Text>
          <Checkbox.Group value={chosen} onChange={setChosen} aria-label="Actions">
            <div style={{ columns: "200px 3", maxHeight: 320, overflowY: "auto" }}>
              {actions.map((action) => (
                <Checkbox key={action} size="xs" mb={6} value={action} label={action} />
              ))}
            </div>
          </Checkbox.Group>
          <Group justify="flex-end">
            <Button type="submit" disabled={chosen.length === 0}>
              Make the role
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
