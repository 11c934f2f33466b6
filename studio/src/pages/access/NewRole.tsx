import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { createRole } from "@/api/roles";
import classes from "@/pages/access/access.module.css";
import { byNoun } from "@/pages/access/by-noun";

/** A role of one's own, as the actions that are ticked. */
export function NewRole({
  open,
  onClose,
  actions,
  onMade,
}: {
  open: boolean;
  onClose: () => void;
  actions: Record<string, string>;
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
      setDescription("");
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
            <div className={classes.actions}>
              {byNoun(actions).map(([noun, ones]) => (
                <fieldset key={noun}>
                  <legend>{noun}</legend>
                  {ones.map((action) => (
                    <Checkbox
                      key={action}
                      size="xs"
                      mb={4}
                      value={action}
                      label={action}
                      title={actions[action]}
                    />
                  ))}
                </fieldset>
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
