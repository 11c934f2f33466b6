import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { OneDatastore } from "@/pages/datastores/OneDatastore";
import { StoreList } from "@/pages/datastores/StoreList";
import { addressOf, type Shown, shownOf } from "@/pages/datastores/search";

const ROUTE = "/inside/workspaces/$workspace/datastores";

/** The datastores of a workspace; or one of them with its files, where the address names one. */
export function DatastoresPage() {
  const { workspace } = useParams({ from: ROUTE });
  const shown = shownOf(useSearch({ from: ROUTE }));
  const navigate = useNavigate({ from: "/workspaces/$workspace/datastores" });
  const show = (changed: Partial<Shown>, replace = false) =>
    navigate({ search: addressOf({ ...shown, ...changed }), replace });
  if (shown.name === null) return <StoreList workspace={workspace} />;
  return (
    <OneDatastore
      key={`${workspace} ${shown.name}`}
      workspace={workspace}
      name={shown.name}
      path={shown.path}
      file={shown.file}
      onFile={(file) => show({ file }, file === null)}
    />
  );
}
