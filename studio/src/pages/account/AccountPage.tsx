import { SimpleGrid } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { isLocal, meQuery } from "@/api/account";
import { Page } from "@/components/Page";
import { Broken, Empty, Waiting } from "@/components/states";
import { TokenPanel } from "@/components/tokens/TokenPanel";
import { Password } from "@/pages/account/Password";
import { Person } from "@/pages/account/Person";

/** Who one is here, one's tokens and sessions, and one's password. */
export function AccountPage() {
  const found = useQuery(meQuery());
  if (found.isPending) return <Waiting label="Loading your account" />;
  if (found.isError) return <Broken error={found.error} again={() => found.refetch()} />;
  const me = found.data;
  const local = isLocal(me);
  return (
    <Page title="Account">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md" mb="md">
        <Person me={me} />
        {!local && me.principal.kind === "user" && <Password user={me.principal.name} />}
      </SimpleGrid>
      {local ? (
        <Empty title="This server asks nobody who they are">
          It listens on this machine only, so there are no tokens or sessions. Start it with{" "}
          <code>--auth required</code> to have accounts.
        </Empty>
      ) : (
        <TokenPanel serviceAccount={null} />
      )}
    </Page>
  );
}
