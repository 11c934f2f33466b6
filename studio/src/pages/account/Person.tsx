import { Title } from "@mantine/core";
import type { Me } from "@/api/account";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";

const CREDENTIALS: Record<string, string> = {
  session: "A session of this browser",
  token: "An access token",
  none: "Nothing: the server trusts this machine",
};

export function Person({ me }: { me: Me }) {
  const one = me.principal;
  return (
    <section className="panel" style={{ padding: "14px 16px" }} aria-label="You">
      <Title order={2} mb={8}>
        You
      </Title>
      <Facts
        facts={[
          ["Name", one.name],
          ["Shown as", one.display_name],
          ["Address", one.email],
          ["Known by", CREDENTIALS[me.credential] ?? me.credential],
          ["Until", me.expires_ms === null ? "" : new Date(me.expires_ms).toLocaleString()],
          ["Since", one.created_ms ? <Moment key="m" ms={one.created_ms} /> : ""],
          ["On the whole server", me.server_actions.join(", ")],
        ]}
      />
    </section>
  );
}
