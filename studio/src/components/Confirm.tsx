/** Asks before what cannot be undone. */
import { Button, Group, Modal, Text, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";

export function Confirm({
  open,
  title,
  children,
  action,
  dismiss = "Cancel",
  typed,
  onConfirm,
  onClose,
}: {
  open: boolean;
  title: string;
  children: ReactNode;
  /** The word on the button: Delete, Purge … */
  action: string;
  /** The word on the other one, where Cancel would mean something else. */
  dismiss?: string;
  /** What must be typed first, for what is gone for good. */
  typed?: string;
  onConfirm: () => void | Promise<void>;
  onClose: () => void;
}) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const confirm = async () => {
    setBusy(true);
    try {
      await onConfirm();
      onClose();
    } finally {
      setBusy(false);
      setText("");
    }
  };
  return (
    <Modal
      opened={open}
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Text component="div" size="sm">
        {children}
      </Text>
      {typed && (
        <TextInput
          mt="sm"
          label={`Type ${typed} to go on`}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-autofocus
        />
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          {dismiss}
        </Button>
        <Button color="red" loading={busy} disabled={typed !== undefined && text !== typed} onClick={confirm}>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
