/** Around every page: where one can go, which workspace it is, who one is. */
import { ActionIcon, Kbd, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconMenu2, IconSearch, IconX } from "@tabler/icons-react";
import { Link, Outlet, useParams, useRouterState } from "@tanstack/react-router";
import { lazy, useEffect } from "react";
import { useServerAway } from "@/api/away";
import { Navigation } from "@/app/Navigation";
import { PersonMenu } from "@/app/PersonMenu";
import icon from "@/app/runyard.svg";
import { SchemeButton } from "@/app/SchemeButton";
import classes from "@/app/Shell.module.css";
import { useShortcuts } from "@/app/shortcuts";
import { WorkspaceMenu } from "@/app/WorkspaceMenu";
import { Lazily } from "@/components/Lazily";

const CommandPalette = lazy(() =>
  import("@/app/CommandPalette").then((one) => ({ default: one.CommandPalette })),
);
const ShortcutHelp = lazy(() => import("@/app/ShortcutHelp").then((one) => ({ default: one.ShortcutHelp })));

export function Shell() {
  const { workspace } = useParams({ strict: false });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const away = useServerAway();
  const [menuOpen, menu] = useDisclosure(false);
  const [paletteOpen, palette] = useDisclosure(false);
  const [helpOpen, help] = useDisclosure(false);
  useShortcuts([
    { keys: "mod+k", does: "Go to a page, experiment or run", run: palette.open },
    { keys: "?", does: "Show these keys", run: help.open },
  ]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: on a narrow screen the menu closes when one has gone somewhere
  useEffect(() => menu.close(), [path]);
  const Toggle = menuOpen ? IconX : IconMenu2;
  return (
    <>
      <a href="#content" className={classes.skip}>
        Skip to the content
      </a>
      <header className={classes.header}>
        {workspace && (
          <ActionIcon
            className={classes.toggle!}
            onClick={menu.toggle}
            aria-label="Pages"
            aria-expanded={menuOpen}
          >
            <Toggle size={20} />
          </ActionIcon>
        )}
        <Link to="/" className={classes.brand} aria-label="Runyard, all workspaces">
          <img src={icon} width={26} height={26} alt="" />
          <span className={classes.name}>Runyard</span>
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
      </header>
      {workspace && <Navigation workspace={workspace} open={menuOpen} />}
      <main id="content" tabIndex={-1} className={classes.main} data-beside={workspace ? true : undefined}>
        <Outlet />
      </main>
      <div role="status">
        {away && (
          <p className={classes.away}>
            The server is away. What you see may be old; it goes on by itself when the server is back.
          </p>
        )}
      </div>
      <Lazily when={paletteOpen}>
        <CommandPalette open={paletteOpen} onClose={palette.close} />
      </Lazily>
      <Lazily when={helpOpen}>
        <ShortcutHelp open={helpOpen} onClose={help.close} />
      </Lazily>
    </>
  );
}
