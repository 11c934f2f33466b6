import { Kbd, Modal, Table } from "@mantine/core";
import { shortcutsNow } from "@/app/shortcuts";

/** The keys that do something on this page. */
export function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }) {
  return (
    <Modal opened={open} onClose={onClose} title="Keys" closeButtonProps={{ "aria-label": "Close" }}>
      <Table>
        <Table.Tbody>
          {shortcutsNow().map((one) => (
            <Table.Tr key={one.keys}>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                <Kbd>{one.keys.replace("mod+", "Ctrl ")}</Kbd>
              </Table.Td>
              <Table.Td>{one.does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
