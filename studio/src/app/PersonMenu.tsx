import { ActionIcon, Menu } from "@mantine/core";
import { IconUserCircle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { hasSession, logOut, meQuery } from "@/api/account";
import { isLoggedOut } from "@/api/http";
import { useSay } from "@/components/notices";

/** Who one is, one's account, and the way out. */
export function PersonMenu() {
  const { data: me } = useQuery(meQuery());
  const navigate = useNavigate();
  const say = useSay();
  if (!me) return null;
  const name = me.principal.display_name || me.principal.name;
  const leave = async (everywhere: boolean) => {
    try {
      await logOut(everywhere);
    } catch (error) {
      // The session may be over already.
      if (!isLoggedOut(error)) return say.error(error);
    }
    await navigate({ to: "/login" });
    location.reload();
  };
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon aria-label={`Account of ${name}`}>
          <IconUserCircle size={22} stroke={1.6} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Menu.Item component={Link} to="/account">
          Account and tokens
        </Menu.Item>
        <Menu.Item component={Link} to="/access">
          People of this server
        </Menu.Item>
        {hasSession(me) && (
          <>
            <Menu.Divider />
            <Menu.Item onClick={() => leave(false)}>Log out</Menu.Item>
            <Menu.Item onClick={() => leave(true)}>Log out everywhere</Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
