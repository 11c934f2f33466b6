import {
  Alert,
  Button,
  Center,
  Divider,
  Paper,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { logIn, loginWaysQuery } from "@/api/account";
import icon from "@/app/runyard.svg";
import { localPath } from "@/lib/local-path";

/** Logging in by password, or at the identity provider where there is one. */
export function LoginPage() {
  const next = localPath(useSearch({ from: "/login" }).next);
  const { data: ways } = useQuery(loginWaysQuery());
  const client = useQueryClient();
  const navigate = useNavigate();
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = "Log in · Runyard";
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await logIn(user, password);
      client.clear();
      await navigate({ href: next, replace: true });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="xl" w={380} maw="100%" radius="md">
        <Stack gap="md">
          <Stack gap={4} align="center">
            <img src={icon} width={40} height={40} alt="" />
            <Title order={1}>Log in to Runyard</Title>
          </Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {ways?.oidc && (
            <>
              <Button
                component="a"
                size="sm"
                href={`/login/oidc?next=${encodeURIComponent(next)}`}
                title={ways.issuer ?? undefined}
              >
                Log in with your organisation
              </Button>
              <Divider label="or with a password" />
            </>
          )}
          <form onSubmit={submit}>
            <Stack gap="sm">
              <TextInput
                size="sm"
                label="User"
                autoComplete="username"
                required
                autoFocus
                value={user}
                onChange={(event) => setUser(event.currentTarget.value)}
              />
              <PasswordInput
                size="sm"
                label="Password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.currentTarget.value)}
              />
              <Button type="submit" size="sm" loading={busy} variant={ways?.oidc ? "default" : "filled"}>
                Log in
              </Button>
            </Stack>
          </form>
          <Text size="xs" className="quiet" ta="center">
            Forgotten? Whoever runs this server can set a new password: <code>runyard user set-password</code>
            .
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
