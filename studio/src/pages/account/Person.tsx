import { Title } from "@mantine/core";
import { hasSession, isLocal, type Me } from "@/api/account";
import { Facts } from "@/components/Facts";
import { Moment } from "@/components/Moment";
import { moment } from "@/lib/format";

function knownBy(me: Me): string {
  if (isLocal(me)) return "Nothing: the server trusts this machine";
  return hasSession(me) ? "A session of this browser" : "An access token";
}

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
          ["Known by", knownBy(me)],
          ["Until", me.expires_ms === null ? "" : moment(me.expires_ms)],
          ["Since", one.created_ms ? <Moment key="m" ms={one.created_ms} /> : ""],
          [
            "On the whole server",
            me.server_actions.length > 0
              ? `${me.server_actions.length} actions: ${nouns(me.server_actions)}`
              : "Nothing; roles in workspaces say what is yours there",
          ],
        ]}
      />
    </section>
  );
}

/** What the actions are about. */
const nouns = (actions: readonly string[]): string =>
  [...new Set(actions.map((one) => one.slice(0, one.indexOf("/"))))].join(", ");
