/** Tokens and sessions of oneself or of a service account: which there are, a new one, and ending one. */
import { Badge, Button, Group, Switch, Title } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { revokeToken, type Token, tokensQuery } from "@/api/tokens";
import { Confirm } from "@/components/Confirm";
import { Moment, useNow } from "@/components/Moment";
import { More } from "@/components/More";
import { useSay } from "@/components/notices";
import { Broken, Empty, Waiting } from "@/components/states";
import { NewTokenDialog } from "@/components/tokens/NewTokenDialog";

export function TokenPanel({ serviceAccount }: { serviceAccount: string | null }) {
  const found = useInfiniteQuery(tokensQuery(serviceAccount));
  const [ended, setEnded] = useState(false);
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Token | null>(null);
  const now = useNow();
  const client = useQueryClient();
  const say = useSay();
  const refresh = () => client.invalidateQueries({ queryKey: ["tokens", serviceAccount] });
  const all = found.data?.pages.flatMap((page) => page.items) ?? [];
  const shown = all.filter((one) => ended || stands(one, now));
  return (
    <section
      className="panel"
      style={{ padding: "14px 16px", overflowX: "auto" }}
      aria-label="Tokens and sessions"
    >
      <Group justify="space-between" mb={8}>
        <Title order={2}>Tokens and sessions</Title>
        <Group gap="sm">
          <Switch
            size="xs"
            label="Also ended ones"
            checked={ended}
            onChange={(event) => setEnded(event.currentTarget.checked)}
          />
          <Button leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            New token
          </Button>
        </Group>
      </Group>
      {found.isPending && <Waiting label="Loading tokens" />}
      {found.isError && <Broken error={found.error} again={() => found.refetch()} />}
      {found.data && shown.length === 0 && (
        <Empty title="No tokens" icon={<IconKey size={28} />}>
          A token lets a script or a machine log in: set it as <code>RUNYARD_TOKEN</code> or{" "}
          <code>MLFLOW_TRACKING_TOKEN</code>.
        </Empty>
      )}
      {shown.length > 0 && (
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Kind</th>
              <th scope="col">For</th>
              <th scope="col">Made</th>
              <th scope="col">Used</th>
              <th scope="col">Ends</th>
              <th scope="col">
                <span className="only-read">Actions</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <tr key={one.token_id}>
                <td className="ellipsis" style={{ maxWidth: 240 }} title={one.name}>
                  {one.name}
                </td>
                <td>{one.kind}</td>
                <td>
                  {one.workspace ?? "all workspaces"}
                  {one.actions.some((action) => action !== "*") && (
                    <div className="quiet">{one.actions.join(", ")}</div>
                  )}
                </td>
                <td>
                  <Moment ms={one.created_ms} />
                </td>
                <td>
                  {one.used_ms === null ? <span className="quiet">never</span> : <Moment ms={one.used_ms} />}
                </td>
                <td>
                  {one.revoked_ms !== null ? (
                    <Badge color="gray">revoked</Badge>
                  ) : (
                    new Date(one.expires_ms).toLocaleDateString(undefined, {
                      year: "numeric",
                      month: "short",
                      day: "numeric",
                    })
                  )}
                </td>
                <td>
                  {stands(one, now) && (
                    <Button
                      variant="subtle"
                      color="red"
                      onClick={() => setEnding(one)}
                      aria-label={`Revoke ${one.name}`}
                    >
                      Revoke
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <More query={found} />
      <NewTokenDialog
        open={making}
        onClose={() => setMaking(false)}
        serviceAccount={serviceAccount}
        onMade={refresh}
      />
      <Confirm
        open={ending !== null}
        title={`Revoke ${ending?.name ?? ""}?`}
        action="Revoke"
        onClose={() => setEnding(null)}
        onConfirm={async () => {
          try {
            await revokeToken(ending!.token_id);
            await refresh();
            say.done(`Revoked ${ending!.name}`);
          } catch (error) {
            say.error(error);
          }
        }}
      >
        Whatever uses it can do nothing from now on.
      </Confirm>
    </section>
  );
}

const stands = (token: Token, now: number): boolean => token.revoked_ms === null && token.expires_ms > now;
