import { Kbd, Modal, Table } from "@mantine/core";
import { shortcutsNow } from "@/app/shortcuts";

/** What tables, trees and tabs do by themselves, once they have the focus. */
const WITHIN = [
  { keys: ["↑", "↓"], does: "In a table of runs or a tree: the row before, the next row" },
  { keys: ["Enter"], does: "Open the row" },
  { keys: ["←", "→"], does: "Fold and unfold the row; in tabs: the tab before, the next tab" },
];

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
          {WITHIN.map(({ keys, does }) => (
            <Table.Tr key={does}>
              <Table.Td style={{ whiteSpace: "nowrap" }}>
                {keys.map((key) => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{does}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
