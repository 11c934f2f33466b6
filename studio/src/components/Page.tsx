/** The frame of a page: where one is, its title, what one can do. */
import { Anchor, Breadcrumbs, Group, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";
import classes from "@/components/Page.module.css";
import { untwisted } from "@/lib/turning";

export interface Crumb {
  text: string;
  /** A path of Studio. */
  to: string;
}

export function Page({
  title,
  crumbs = [],
  beside,
  actions,
  wide = false,
  children,
}: {
  title: string;
  crumbs?: readonly Crumb[];
  /** Beside the title: a status, a copy button. */
  beside?: ReactNode;
  actions?: ReactNode;
  /** Tables and charts take the whole width and height. */
  wide?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${untwisted(title)} · Runyard`;
  }, [title]);
  return (
    <div className={wide ? classes.wide : classes.page}>
      <header className={classes.head}>
        {crumbs.length > 0 && (
          <Breadcrumbs separator="/" className={classes.crumbs}>
            {crumbs.map((crumb) => (
              <Anchor key={crumb.to} component={Link} to={crumb.to} size="xs">
                {crumb.text}
              </Anchor>
            ))}
          </Breadcrumbs>
        )}
        <Group justify="space-between" gap="sm">
          <Group gap="xs" wrap="nowrap" className={classes.title}>
            <Title order={1} className="ellipsis" title={title}>
              {title}
            </Title>
            {beside}
          </Group>
          <Group gap="xs">{actions}</Group>
        </Group>
      </header>
      {children}
    </div>
  );
}
