import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { OneCompute } from "@/pages/compute/OneCompute";
import { addressOf, shownOf } from "@/pages/compute/search";
import { TargetList } from "@/pages/compute/TargetList";

const ROUTE = "/inside/workspaces/$workspace/compute";

/** The compute targets of a workspace; or one of them, where the address names one. */
export function ComputePage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/compute" });
  if (shown.name === null) return <TargetList workspace={workspace} />;
  return (
    <OneCompute
      key={`${workspace} ${shown.name}`}
      workspace={workspace}
      name={shown.name}
      tab={shown.tab}
      go={(tab) => navigate({ search: addressOf({ ...shown, tab }), replace: true })}
    />
  );
}
