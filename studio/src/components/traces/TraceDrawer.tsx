/** One trace, beside the list of them. */
import { Drawer } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Waiting } from "@/components/states";

const TraceView = lazy(() => import("@/components/traces/TraceView"));

export function TraceDrawer({
  workspace,
  trace,
  onClose,
}: {
  workspace: string;
  /** "": closed. */
  trace: string;
  onClose: () => void;
}) {
  return (
    <Drawer
      opened={trace !== ""}
      onClose={onClose}
      position="right"
      size="min(1180px, 100vw)"
      title="Trace"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {trace !== "" && (
        <Suspense fallback={<Waiting />}>
          <TraceView key={trace} workspace={workspace} trace={trace} />
        </Suspense>
      )}
    </Drawer>
  );
}
