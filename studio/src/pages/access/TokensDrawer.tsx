import { Drawer } from "@mantine/core";
import { TokenPanel } from "@/components/tokens/TokenPanel";

/** The tokens of a service account. */
export function TokensDrawer({ account, onClose }: { account: string | null; onClose: () => void }) {
  return (
    <Drawer
      opened={account !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={account}
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {account !== null && <TokenPanel serviceAccount={account} />}
    </Drawer>
  );
}
