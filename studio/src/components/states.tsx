/** What a page shows when it has nothing to show: why, and what one can do about it. */
import { Button, Center, Code, Loader, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconMapQuestion } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef } from "react";
import { suspectAway, useServerAway } from "@/api/away";
import { ApiError } from "@/api/http";
import { MISSING_PART, reloadIfAnswered } from "@/app/missing-part";

/** Nothing here yet. `children`: what to do so that there is something. */
export function Empty({ title, icon, children }: { title: string; icon?: ReactNode; children?: ReactNode }) {
  return (
    <Center py={48} px="md">
      <Stack align="center" gap="xs" maw={560} miw={0} ta="center">
        <span className="quiet">{icon}</span>
        <Text fw={600}>{title}</Text>
        {children && (
          <Text component="div" size="sm" className="quiet" maw="100%" style={{ overflowWrap: "anywhere" }}>
            {children}
          </Text>
        )}
      </Stack>
    </Center>
  );
}

/** Something went wrong: the server's own words, and a way to try again. */
export function Broken({ error, again }: { error: unknown; again?: () => void }) {
  const known = error instanceof ApiError;
  const missing = error instanceof Error && error.name === MISSING_PART;
  const title = missing
    ? "The server is away"
    : !known
      ? "This page met an error of its own"
      : error.status === 404
        ? "Not found"
        : error.status === 403
          ? "This is not open to you"
          : error.status === 400
            ? "The server does not take this"
            : error.status === 0
              ? "The server is away"
              : "The server could not answer";
  return (
    <Center py={48} px="md" role="alert">
      <Stack align="center" gap="xs" maw={640} ta="center">
        <IconAlertTriangle size={28} color="var(--mantine-color-orange-7)" aria-hidden />
        <Title order={2}>{title}</Title>
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          {error instanceof Error ? error.message : String(error)}
        </Text>
        {known && error.code !== "ERROR" && <Code>{error.code}</Code>}
        {missing && <ReloadWhenBack />}
        {again && <Button onClick={missing ? reloadIfAnswered : again}>Try again</Button>}
      </Stack>
    </Center>
  );
}

/** A part that could not be loaded comes with the whole page, once there is a server again. */
function ReloadWhenBack() {
  const away = useServerAway();
  const was = useRef(false);
  useEffect(() => void suspectAway(), []);
  useEffect(() => {
    if (away) was.current = true;
    else if (was.current) void reloadIfAnswered();
  }, [away]);
  return null;
}

export function Missing() {
  return (
    <Empty title="There is no such page" icon={<IconMapQuestion size={28} aria-hidden />}>
      The address may be old, or somebody mistyped it. <Link to="/">Go to the start page.</Link>
    </Empty>
  );
}

/** While something is read; appears after a moment only, so that quick answers do not flicker. */
export function Waiting({ label = "Loading" }: { label?: string }) {
  return (
    <Center py={48} className="late" role="status" aria-label={label}>
      <Loader size="sm" />
    </Center>
  );
}
