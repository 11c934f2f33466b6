import { Button, Group, Modal, Select, Stack, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { assignRole, rolesQuery } from "@/api/roles";
import { useNames } from "@/pages/access/use-names";

/** Gives somebody a role. */
export function AssignDialog({
  workspace,
  open,
  onClose,
  scope,
  here,
  onGiven,
}: {
  workspace: string | null;
  open: boolean;
  onClose: () => void;
  scope: string;
  here: string;
  onGiven: () => Promise<unknown>;
}) {
  const { data } = useQuery({ ...rolesQuery(), enabled: open });
  const roles = data?.items;
  const names = useNames(open);
  const [principal, setPrincipal] = useState("");
  const [role, setRole] = useState<string | null>("Data Scientist");
  const [allow, setAllow] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await assignRole(workspace, { principal, role: role ?? "", scope, allow });
      await onGiven();
      setPrincipal("");
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const chosen = roles?.find((one) => one.name === role);
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title={`Give a role in ${here}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Who"
            description="The name of a user, service account or group"
            required
            data-autofocus
            list="who-may-have-roles"
            autoComplete="off"
            value={principal}
            error={problem}
            onChange={(event) => setPrincipal(event.currentTarget.value)}
          />
          <datalist id="who-may-have-roles">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
          <Select
            label="Role"
            description={chosen?.description}
            allowDeselect={false}
            value={role}
            onChange={setRole}
            data={roles?.map((one) => one.name) ?? []}
          />
          <Switch
            label="Deny instead: take these actions away here, wherever else they are given"
            checked={!allow}
            onChange={(event) => setAllow(!event.currentTarget.checked)}
          />
          <Group justify="flex-end">
            <Button type="submit" color={allow ? "yard" : "red"}>
              {allow ? "Give the role" : "Deny the role"}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
