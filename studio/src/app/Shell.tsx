/** Around every page: where one can go, which workspace it is, who one is. */
import {
  ActionIcon,
  AppShell,
  Avatar,
  Burger,
  Button,
  Group,
  Kbd,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  Tooltip,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconBox,
  IconChevronDown,
  IconDatabase,
  IconFlask,
  IconHome,
  IconList,
  IconMoon,
  IconRoute,
  IconSearch,
  IconServer,
  IconSun,
  IconTable,
  IconTrash,
  IconUsers,
} from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { lazy, useEffect } from "react";
import { hasSession, logOut, meQuery } from "@/api/account";
import { isLoggedOut } from "@/api/http";
import { workspacesQuery } from "@/api/workspaces";
import { LATER } from "@/app/later";
import icon from "@/app/runyard.svg";
import classes from "@/app/Shell.module.css";
import { useShortcuts } from "@/app/shortcuts";
import { Lazily } from "@/components/Lazily";
import { useSay } from "@/components/notices";

const CommandPalette = lazy(() =>
  import("@/app/CommandPalette").then((one) => ({ default: one.CommandPalette })),
);
const ShortcutHelp = lazy(() => import("@/app/ShortcutHelp").then((one) => ({ default: one.ShortcutHelp })));

const PAGES = [
  { path: "", name: "Overview", icon: IconHome },
  { path: "/experiments", name: "Experiments", icon: IconFlask },
  { path: "/runs", name: "All runs", icon: IconList },
  { path: "/models", name: "Models", icon: IconBox },
  { path: "/datasets", name: "Datasets", icon: IconTable },
  { path: "/datastores", name: "Datastores", icon: IconDatabase },
  { path: "/traces", name: "Traces", icon: IconRoute },
  { path: "/access", name: "Access", icon: IconUsers },
  { path: "/trash", name: "Trash", icon: IconTrash },
] as const;

export function Shell() {
  const { workspace } = useParams({ strict: false });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [menuOpen, menu] = useDisclosure(false);
  const [paletteOpen, palette] = useDisclosure(false);
  const [helpOpen, help] = useDisclosure(false);
  useShortcuts([
    { keys: "mod+k", does: "Go to a page, experiment or run", run: palette.open },
    { keys: "?", does: "Show these keys", run: help.open },
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the menu closes when one has gone somewhere
  useEffect(() => menu.close(), [path]);
  return (
    <AppShell
      header={{ height: 52 }}
      {...(workspace ? { navbar: { width: 196, breakpoint: "sm", collapsed: { mobile: !menuOpen } } } : {})}
      padding={0}
    >
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <AppShell.Header className={classes.header}>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap">
          {workspace && (
            <Burger opened={menuOpen} onClick={menu.toggle} hiddenFrom="sm" size="sm" aria-label="Pages" />
          )}
          <Link to="/" className={classes.brand} aria-label="Runyard, all workspaces">
            <img src={icon} width={26} height={26} alt="" />
            <Text fw={700} visibleFrom="xs">
              Runyard
            </Text>
          </Link>
          {workspace && <WorkspaceMenu workspace={workspace} />}
          <UnstyledButton className={classes.search} onClick={palette.open}>
            <IconSearch size={15} aria-hidden />
            <span className={classes.searchText}>Search</span>
            <Kbd size="xs" visibleFrom="sm" aria-hidden>
              Ctrl K
            </Kbd>
          </UnstyledButton>
          <SchemeButton />
          <PersonMenu />
        </Group>
      </AppShell.Header>
      {workspace && (
        <AppShell.Navbar className={classes.navbar} aria-label="Pages of the workspace">
          <ScrollArea>
            {PAGES.map(({ path: rest, name, icon: Icon }) => {
              const to = `/workspaces/${encodeURIComponent(workspace)}${rest}`;
              const active = rest === "" ? path === to || path === `${to}/` : path.startsWith(to);
              return (
                <NavLink
                  key={rest}
                  component={Link}
                  to={to}
                  activeOptions={{ exact: rest === "" }}
                  label={name}
                  active={active}
                  aria-current={active ? "page" : undefined}
                  leftSection={<Icon size={17} stroke={1.6} aria-hidden />}
                  className={classes.nav!}
                />
              );
            })}
            <Text className={classes.group}>Coming</Text>
            {LATER.map(({ noun, name, icon: Icon }) => (
              <NavLink
                key={noun}
                component={Link}
                to={`/workspaces/${encodeURIComponent(workspace)}/later/${noun}`}
                label={name}
                active={path.endsWith(`/later/${noun}`)}
                leftSection={<Icon size={17} stroke={1.6} aria-hidden />}
                className={`${classes.nav} ${classes.later}`}
              />
            ))}
          </ScrollArea>
        </AppShell.Navbar>
      )}
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Outlet />
      </AppShell.Main>
      <Lazily when={paletteOpen}>
        <CommandPalette open={paletteOpen} onClose={palette.close} />
      </Lazily>
      <Lazily when={helpOpen}>
        <ShortcutHelp open={helpOpen} onClose={help.close} />
      </Lazily>
    </AppShell>
  );
}

function WorkspaceMenu({ workspace }: { workspace: string }) {
  const { data } = useQuery(workspacesQuery());
  return (
    <Menu position="bottom-start" width={260}>
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} />} className={classes.workspace!}>
          <span className="ellipsis">{workspace}</span>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Workspaces</Menu.Label>
        <ScrollArea.Autosize mah={320}>
          {data?.items.map((one) => (
            <Menu.Item key={one.guid} component={Link} to={`/workspaces/${encodeURIComponent(one.name)}`}>
              <Text size="sm">{one.name}</Text>
              {one.description && (
                <Text size="xs" className="quiet ellipsis">
                  {one.description}
                </Text>
              )}
            </Menu.Item>
          ))}
        </ScrollArea.Autosize>
        <Menu.Divider />
        <Menu.Item component={Link} to="/" leftSection={<IconServer size={15} />}>
          All workspaces
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function SchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const next = scheme === "dark" ? "light" : "dark";
  return (
    <Tooltip label={`Use ${next} colours`}>
      <ActionIcon onClick={() => setColorScheme(next)} aria-label={`Use ${next} colours`}>
        {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function PersonMenu() {
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
        <UnstyledButton aria-label={`Account of ${name}`}>
          <Avatar size={28} radius="xl" color="yard" />
        </UnstyledButton>
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
