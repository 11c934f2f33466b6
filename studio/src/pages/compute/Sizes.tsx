import { ActionIcon, Button, Group } from "@mantine/core";
import { IconPencil, IconPlus, IconRuler2, IconTrash } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Compute, deleteSize, putSize, type Size, sizesQuery } from "@/api/compute";
import { useSay } from "@/components/notices";
import { Broken, Empty, Waiting } from "@/components/states";
import { TablePanel } from "@/components/TablePanel";
import { resourcesText } from "@/lib/resources-text";
import { pairsText } from "@/pages/compute/form";
import { SizeDialog } from "@/pages/compute/SizeDialog";

/** Named requests for resources of the target's machines: what Azure ML calls a vm_size. */
export function Sizes({
  workspace,
  compute,
  write,
}: {
  workspace: string;
  compute: Compute;
  write: boolean;
}) {
  const found = useQuery(sizesQuery(workspace));
  const client = useQueryClient();
  const say = useSay();
  const [dialog, setDialog] = useState<Size | "new" | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: sizesQuery(workspace).queryKey });
  if (found.isPending) return <Waiting label="Loading sizes" />;
  if (found.isError && !found.data) return <Broken error={found.error} again={() => found.refetch()} />;
  const sizes = found.data.filter((one) => one.compute === compute.name);
  const remove = async (size: Size) => {
    try {
      await deleteSize(workspace, size.name);
      await refresh();
      say.done(`Deleted the size ${size.name}`, async () => {
        const { name, ...rest } = size;
        await putSize(workspace, name, rest).catch(say.error);
        await refresh();
      });
    } catch (error) {
      say.error(error);
    }
  };
  return (
    <>
      {write && (
        <Group mb="sm">
          <Button leftSection={<IconPlus size={15} />} onClick={() => setDialog("new")}>
            New size
          </Button>
        </Group>
      )}
      {sizes.length === 0 ? (
        <Empty title="No sizes of this target" icon={<IconRuler2 size={28} aria-hidden />}>
          A size is a name for so many CPUs, so much memory and so many GPUs of a machine. Scripts that make a
          cluster with <code>vm_size="STANDARD_NC6"</code> get a pool of the machines that have that size
          here.
        </Empty>
      ) : (
        <TablePanel label="Sizes">
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Each node</th>
                <th scope="col">Most nodes</th>
                <th scope="col">Options</th>
                {write && (
                  <th scope="col">
                    <span className="only-read">Actions</span>
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {sizes.map((size) => (
                <tr key={size.name}>
                  <td style={{ overflowWrap: "anywhere", minWidth: 150 }}>{size.name}</td>
                  <td style={{ minWidth: 130 }}>
                    {resourcesText(size.resources) || <span className="quiet">whatever there is</span>}
                  </td>
                  <td className="numeric">{size.max_nodes || <span className="quiet">no limit</span>}</td>
                  <td style={{ overflowWrap: "anywhere" }}>
                    {pairsText(size.options).replaceAll("\n", ", ")}
                  </td>
                  {write && (
                    <td>
                      <Group gap={2} wrap="nowrap" justify="flex-end">
                        <ActionIcon aria-label={`Edit ${size.name}`} onClick={() => setDialog(size)}>
                          <IconPencil size={15} />
                        </ActionIcon>
                        <ActionIcon aria-label={`Delete ${size.name}`} onClick={() => remove(size)}>
                          <IconTrash size={15} />
                        </ActionIcon>
                      </Group>
                    </td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </TablePanel>
      )}
      <SizeDialog
        workspace={workspace}
        compute={compute.name}
        size={dialog === "new" ? null : dialog}
        open={dialog !== null}
        onClose={() => setDialog(null)}
        onDone={refresh}
      />
    </>
  );
}
