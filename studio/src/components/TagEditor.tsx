/** Sets and removes tags of a record, one by one, each saved at once. */
import { ActionIcon, Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconTrash } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import type { KeyValue } from "@/api/experiments";
import { useSay } from "@/components/notices";

export function TagEditor({
  open,
  onClose,
  title,
  tags,
  set,
  remove,
}: {
  open: boolean;
  onClose: () => void;
  title: string;
  tags: readonly KeyValue[];
  set: (key: string, value: string) => Promise<unknown>;
  remove: (key: string) => Promise<unknown>;
}) {
  const [key, setKey] = useState("");
  const [value, setValue] = useState("");
  const say = useSay();
  const own = tags.filter((tag) => !/^(mlflow|runyard)\./.test(tag.key));
  const add = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await set(key, value);
      setKey("");
      setValue("");
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <Modal opened={open} onClose={onClose} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <Stack gap="xs">
        {own.length === 0 && (
          <Text size="sm" className="quiet">
            No tags yet.
          </Text>
        )}
        {own.map((tag) => (
          <Group key={tag.key} gap="xs" wrap="nowrap">
            <Text size="sm" fw={600} className="ellipsis" title={tag.key}>
              {tag.key}
            </Text>
            <Text size="sm" className="ellipsis" title={tag.value} style={{ flex: 1 }}>
              {tag.value}
            </Text>
            <ActionIcon
              aria-label={`Remove the tag ${tag.key}`}
              onClick={() => remove(tag.key).catch(say.error)}
            >
              <IconTrash size={15} />
            </ActionIcon>
          </Group>
        ))}
        <form onSubmit={add}>
          <Group gap="xs" align="end" wrap="nowrap">
            <TextInput
              label="Key"
              required
              value={key}
              data-autofocus
              onChange={(event) => setKey(event.currentTarget.value)}
            />
            <TextInput
              label="Value"
              value={value}
              onChange={(event) => setValue(event.currentTarget.value)}
            />
            <Button type="submit">Set</Button>
          </Group>
        </form>
      </Stack>
    </Modal>
  );
}
