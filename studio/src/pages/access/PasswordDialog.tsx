import { Button, Group, Modal, PasswordInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { setPassword } from "@/api/principals";
import { useSay } from "@/components/notices";

/** Sets somebody's password, for those who may. */
export function PasswordDialog({ user, onClose }: { user: string | null; onClose: () => void }) {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const say = useSay();
  const close = () => {
    setText("");
    setProblem(null);
    onClose();
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await setPassword(user ?? "", text);
      say.done(`${user} has a new password`);
      close();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Modal
      opened={user !== null}
      onClose={close}
      title={`A new password for ${user ?? ""}`}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={submit}>
        <PasswordInput
          label="Password"
          autoComplete="new-password"
          required
          data-autofocus
          value={text}
          error={problem}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Group justify="flex-end" mt="md">
          <Button type="submit">Set it</Button>
        </Group>
      </form>
    </Modal>
  );
}
