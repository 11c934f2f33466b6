/** Saved views of a page: its address under a name, for oneself or for the workspace. */
import { Button, Menu } from "@mantine/core";
import { IconBookmark, IconChevronDown } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { createView, deleteView, updateView, type View, viewsQuery } from "@/api/views";
import { Lazily } from "@/components/Lazily";
import { useSay } from "@/components/notices";
import { Waiting } from "@/components/states";
import { sameState } from "@/components/views/same-state";

const SaveView = lazy(() => import("@/components/views/SaveView").then((one) => ({ default: one.SaveView })));

const ViewList = lazy(() => import("@/components/views/ViewList").then((one) => ({ default: one.ViewList })));

export function ViewsMenu({
  workspace,
  page,
  experimentId,
}: {
  workspace: string;
  /** Which kind of page: experiment, runs, compare … */
  page: string;
  experimentId?: string;
}) {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const views = useQuery({ ...viewsQuery(workspace, page, experimentId), retry: false });
  const client = useQueryClient();
  const navigate = useNavigate();
  const say = useSay();
  const [saving, setSaving] = useState<"new" | View | null>(null);
  const [asked, setAsked] = useState(0);
  const ask = (what: "new" | View) => {
    setSaving(what);
    setAsked(asked + 1);
  };
  const [opened, setOpened] = useState<string | null>(null);
  const all = views.data ?? [];
  const current = all.find((one) => sameState(one.state.search ?? {}, search));
  // The view that one came from, while one changes it.
  const from = current ?? all.find((one) => one.id === opened);
  const renew = () =>
    client.invalidateQueries({ queryKey: viewsQuery(workspace, page, experimentId).queryKey });
  const told = async (work: () => Promise<unknown>, text: string, undo?: () => void) => {
    try {
      await work();
      say.done(text, undo);
    } catch (error) {
      say.error(error);
    }
    await renew();
  };
  const body = (view: View) => ({
    name: view.name,
    page,
    shared: view.shared,
    state: view.state,
    ...(experimentId ? { experiment_id: experimentId } : {}),
  });
  const open = (view: View) => {
    setOpened(view.id);
    navigate({ to: ".", search: (view.state.search ?? {}) as never });
  };
  const remove = (view: View) =>
    told(
      () => deleteView(workspace, view.id),
      `Deleted the view ${view.name}`,
      () => told(() => createView(workspace, body(view)), `Restored the view ${view.name}`),
    );
  const icon = { size: 15, "aria-hidden": true } as const;
  return (
    <>
      <Menu width={300} position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconBookmark {...icon} />}
            rightSection={<IconChevronDown size={13} aria-hidden />}
            maw={240}
          >
            <span className="ellipsis">{from ? `${from.name}${current ? "" : " · changed"}` : "Views"}</span>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Suspense fallback={<Waiting />}>
            <ViewList
              views={all}
              error={views.error}
              current={current}
              from={from}
              open={open}
              remove={remove}
              ask={ask}
              save={(view) =>
                told(
                  () => updateView(workspace, view.id, { state: { search } }),
                  `Saved the view ${view.name}`,
                )
              }
            />
          </Suspense>
        </Menu.Dropdown>
      </Menu>
      <Lazily when={saving !== null}>
        <SaveView
          key={asked}
          open={saving !== null}
          title={saving === "new" || saving === null ? "Save this view" : "Change the view"}
          {...(saving !== "new" && saving !== null ? { before: saving } : {})}
          onClose={() => setSaving(null)}
          onSave={async (name, shared) => {
            if (saving === "new") {
              const made = await createView(workspace, {
                name,
                page,
                shared,
                state: { search },
                ...(experimentId ? { experiment_id: experimentId } : {}),
              });
              setOpened(made.id);
            } else if (saving) await updateView(workspace, saving.id, { name, shared });
            await renew();
            say.done(`Saved the view ${name}`);
          }}
        />
      </Lazily>
    </>
  );
}
