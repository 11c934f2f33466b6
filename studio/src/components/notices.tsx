/** Short messages at the foot of the page: what was done, with a way back where there is one, and what went wrong. */
import { Button, CloseButton, Group, Paper, Stack, Text } from "@mantine/core";
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from "react";

interface Notice {
  id: number;
  text: string;
  kind: "done" | "error";
  undo?: () => void;
}

interface Say {
  done: (text: string, undo?: () => void) => void;
  error: (error: unknown) => void;
}

const Saying = createContext<Say>({ done: () => undefined, error: () => undefined });
const STAYS_MS = { done: 6_000, undo: 12_000, error: 15_000 };

/** `say.done("Deleted 3 runs", undo)`, `say.error(error)`. */
export const useSay = () => useContext(Saying);

export function Notices({ children }: { children: ReactNode }) {
  const [notices, setNotices] = useState<Notice[]>([]);
  const next = useRef(1);
  const drop = useCallback((id: number) => setNotices((all) => all.filter((one) => one.id !== id)), []);
  const say = useMemo<Say>(() => {
    const add = (notice: Omit<Notice, "id">) => {
      const id = next.current++;
      setNotices((all) => [...all.slice(-3), { ...notice, id }]);
      setTimeout(
        () => drop(id),
        notice.kind === "error" ? STAYS_MS.error : notice.undo ? STAYS_MS.undo : STAYS_MS.done,
      );
    };
    return {
      done: (text, undo) => add(undo ? { text, kind: "done", undo } : { text, kind: "done" }),
      error: (error) => add({ text: error instanceof Error ? error.message : String(error), kind: "error" }),
    };
  }, [drop]);
  return (
    <Saying.Provider value={say}>
      {children}
      <Stack
        gap="xs"
        role="status"
        aria-live="polite"
        style={{
          position: "fixed",
          bottom: 16,
          right: 16,
          zIndex: 1000,
          maxWidth: "min(480px, calc(100vw - 32px))",
        }}
      >
        {notices.map((one) => (
          <Paper
            key={one.id}
            shadow="md"
            p="xs"
            withBorder
            style={{
              borderLeft: `4px solid var(--mantine-color-${one.kind === "error" ? "red-6" : "yard-6"})`,
            }}
          >
            <Group gap="sm" wrap="nowrap" justify="space-between">
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {one.text}
              </Text>
              <Group gap={4} wrap="nowrap">
                {one.undo && (
                  <Button
                    variant="light"
                    onClick={() => {
                      one.undo?.();
                      drop(one.id);
                    }}
                  >
                    Undo
                  </Button>
                )}
                <CloseButton size="sm" aria-label="Close message" onClick={() => drop(one.id)} />
              </Group>
            </Group>
          </Paper>
        ))}
      </Stack>
    </Saying.Provider>
  );
}
