import { Alert, Button, Group, Modal, Select, Stack, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { makeToken } from "@/api/tokens";
import { workspacesQuery } from "@/api/workspaces";
import { CodeToCopy } from "@/components/Copy";

const DAY_S = 86_400;
const LIVES = [
  { value: String(DAY_S), label: "1 day" },
  { value: String(30 * DAY_S), label: "30 days" },
  { value: String(90 * DAY_S), label: "90 days" },
  { value: String(365 * DAY_S), label: "1 year" },
];

/** Makes a token and shows its secret, which nobody can see again. */
export function NewTokenDialog({
  open,
  onClose,
  onMade,
  serviceAccount,
}: {
  open: boolean;
  onClose: () => void;
  onMade: () => void;
  serviceAccount: string | null;
}) {
  const { data: workspaces } = useQuery({ ...workspacesQuery(), enabled: open });
  const [name, setName] = useState("");
  const [workspace, setWorkspace] = useState<string | null>(null);
  const [life, setLife] = useState(LIVES[1]!.value);
  const [secret, setSecret] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const close = () => {
    setSecret(null);
    setName("");
    setProblem(null);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      const made = await makeToken({
        name,
        workspace,
        life_s: Number(life),
        ...(serviceAccount === null ? {} : { service_account: serviceAccount }),
      });
      setSecret(made.token);
      onMade();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Modal opened={open} onClose={close} title="New token" closeButtonProps={{ "aria-label": "Close" }}>
      {secret !== null ? (
        <Stack gap="sm">
          <Alert color="yard">This is the only time that it is shown. Keep it like a password.</Alert>
          <CodeToCopy text={secret} what="Copy the token" />
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label="Name"
              description="What uses it, such as nightly-training"
              required
              data-autofocus
              value={name}
              error={problem}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Select
              label="Workspace"
              placeholder="All that you may use"
              clearable
              searchable
              value={workspace}
              onChange={setWorkspace}
              data={workspaces?.items.map((one) => one.name) ?? []}
            />
            <Select
              label="Good for"
              allowDeselect={false}
              value={life}
              onChange={(value) => setLife(value ?? LIVES[1]!.value)}
              data={LIVES}
            />
            <Group justify="flex-end">
              <Button type="submit">Make the token</Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
