/** The ends of a y axis. */
import { Button, Group, Modal, NumberInput } from "@mantine/core";
import { type FormEvent, useState } from "react";

type Range = [number | null, number | null];

export function RangeDialog({
  title,
  range,
  onClose,
  onDone,
}: {
  title: string;
  range: Range;
  onClose: () => void;
  onDone: (range: Range) => void;
}) {
  const [from, setFrom] = useState<number | string>(range[0] ?? "");
  const [to, setTo] = useState<number | string>(range[1] ?? "");
  const read = (typed: number | string) => (typeof typed === "number" ? typed : null);
  const wrong = typeof from === "number" && typeof to === "number" && from >= to;
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (wrong) return;
    onDone([read(from), read(to)]);
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Range of ${title}`}
      size="sm"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <form onSubmit={send}>
        <Group grow align="flex-start">
          <NumberInput
            label="From"
            placeholder="by the values"
            value={from}
            onChange={setFrom}
            hideControls
            data-autofocus
          />
          <NumberInput
            label="To"
            placeholder="by the values"
            value={to}
            onChange={setTo}
            hideControls
            error={wrong ? "Must be above the lower end" : null}
          />
        </Group>
        <Group justify="flex-end" mt="md">
          <Button
            variant="default"
            onClick={() => {
              setFrom("");
              setTo("");
              onDone([null, null]);
              onClose();
            }}
          >
            By the values
          </Button>
          <Button type="submit" disabled={wrong}>
            Set
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
