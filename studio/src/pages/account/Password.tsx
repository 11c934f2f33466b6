import { Button, PasswordInput, Stack, Title } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { changePassword } from "@/api/users";
import { useSay } from "@/components/notices";

export function Password({ user }: { user: string }) {
  const [current, setCurrent] = useState("");
  const [wanted, setWanted] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const say = useSay();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await changePassword(user, current, wanted);
      setCurrent("");
      setWanted("");
      say.done("Your password is changed");
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section className="panel" style={{ padding: "14px 16px" }} aria-label="Password">
      <Title order={2} mb={8}>
        Password
      </Title>
      <form onSubmit={submit}>
        <Stack gap="xs" maw={320}>
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            required
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            autoComplete="new-password"
            required
            value={wanted}
            error={problem}
            onChange={(event) => setWanted(event.currentTarget.value)}
          />
          <Button type="submit" variant="default">
            Change the password
          </Button>
        </Stack>
      </form>
    </section>
  );
}
