/** A description in Markdown that is edited where it stands. */
import { Button, Group, Skeleton, Textarea, Title } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import { lazy, Suspense, useDeferredValue, useState } from "react";
import type { PictureOf } from "@/components/Markdown";
import { useSay } from "@/components/notices";

const Markdown = lazy(() => import("@/components/Markdown"));

export function Notes({
  title = "Notes",
  text,
  save,
  picture,
}: {
  title?: string;
  text: string;
  /** Without it the text is only read. */
  save?: (text: string) => Promise<unknown>;
  /** Where pictures of the text are to be had. */
  picture?: PictureOf;
}) {
  const [draft, setDraft] = useState<string | null>(null);
  const seen = useDeferredValue(draft);
  const say = useSay();
  const submit = async () => {
    try {
      await save?.(draft ?? "");
      setDraft(null);
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <section className="panel" style={{ padding: "14px 16px", minWidth: 0 }} aria-label={title}>
      <Group justify="space-between" mb={6}>
        <Title order={2}>{title}</Title>
        {save && draft === null && (
          <Button variant="subtle" leftSection={<IconPencil size={14} />} onClick={() => setDraft(text)}>
            {text ? "Edit" : "Write"}
          </Button>
        )}
      </Group>
      {draft === null ? (
        text ? (
          <Suspense fallback={<Skeleton h={60} />}>
            <Markdown text={text} {...(picture ? { picture } : {})} />
          </Suspense>
        ) : (
          <p className="quiet" style={{ margin: 0 }}>
            Nothing is written here yet.
          </p>
        )
      ) : (
        <>
          <Textarea
            aria-label={`${title}, in Markdown`}
            autosize
            minRows={4}
            maxRows={24}
            autoFocus
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit();
              if (event.key === "Escape") setDraft(null);
            }}
          />
          {seen && (
            <div className="panel" style={{ marginTop: 8, padding: "10px 12px" }}>
              <Suspense fallback={<Skeleton h={40} />}>
                <Markdown text={seen} {...(picture ? { picture } : {})} />
              </Suspense>
            </div>
          )}
          <Group mt="xs" gap="xs">
            <Button onClick={submit}>Save</Button>
            <Button variant="default" onClick={() => setDraft(null)}>
              Cancel
            </Button>
          </Group>
        </>
      )}
    </section>
  );
}
