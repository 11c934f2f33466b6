import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { createExperiment } from "@/api/experiments";
import { TextDialog } from "@/components/TextDialog";

export function NewExperiment({
  workspace,
  open,
  onClose,
}: {
  workspace: string;
  open: boolean;
  onClose: () => void;
}) {
  const client = useQueryClient();
  const navigate = useNavigate();
  return (
    <TextDialog
      open={open}
      onClose={onClose}
      title="New experiment"
      label="Name"
      value=""
      action="Make it"
      onSubmit={async (name) => {
        const made = await createExperiment(workspace, name);
        await client.invalidateQueries({ queryKey: ["experiments", workspace] });
        await navigate({
          to: "/workspaces/$workspace/experiments/$experiment",
          params: { workspace, experiment: made.experiment_id },
        });
      }}
    />
  );
}
