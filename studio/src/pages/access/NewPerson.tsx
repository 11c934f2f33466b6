import { Button, Group, Modal, PasswordInput, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { createNamed, createUser } from "@/api/principals";

const NOBODY = { name: "", display: "", email: "", password: "" };

/** A new user, service account or group; without any role yet. */
export function NewPerson({
  kind,
  open,
  onClose,
  onMade,
}: {
  kind: "users" | "service-accounts" | "groups";
  open: boolean;
  onClose: () => void;
  onMade: () => Promise<unknown>;
}) {
  const [fields, setFields] = useState(NOBODY);
  const [problem, setProblem] = useState<string | null>(null);
  const set = (changed: Partial<typeof NOBODY>) => setFields({ ...fields, ...changed });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      if (kind === "users")
        await createUser({
          name: fields.name,
          display_name: fields.display,
          email: fields.email,
          ...(fields.password ? { password: fields.password } : {}),
        });
      else await createNamed(kind, fields.name, fields.display);
      await onMade();
      setFields(NOBODY);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const title = { users: "New user", "service-accounts": "New service account", groups: "New group" }[kind];
  return (
    <Modal opened={open} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <TextInput
            label="Name"
            required
            data-autofocus
            value={fields.name}
            error={problem}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <TextInput
            label="Shown as"
            value={fields.display}
            onChange={(event) => set({ display: event.currentTarget.value })}
          />
          {kind === "users" && (
            <>
              <TextInput
                label="Address"
                type="email"
                value={fields.email}
                onChange={(event) => set({ email: event.currentTarget.value })}
              />
              <PasswordInput
                label="Password"
                description="Without one they log in through the identity provider"
                autoComplete="new-password"
                value={fields.password}
                onChange={(event) => set({ password: event.currentTarget.value })}
              />
            </>
          )}
          <Group justify="flex-end">
            <Button type="submit">Make it</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
