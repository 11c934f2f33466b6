import { useParams } from "@tanstack/react-router";
import { LATER } from "@/app/later";
import { Page } from "@/components/Page";
import { Empty, Missing } from "@/components/states";

/** The place of something that a later release brings. */
export function LaterPage() {
  const { noun } = useParams({ strict: false });
  const found = LATER.find((one) => one.noun === noun);
  if (!found) return <Missing />;
  const Icon = found.icon;
  return (
    <Page title={found.name}>
      <Empty title={`${found.name} will be here`} icon={<Icon size={28} aria-hidden />}>
        {found.text} A later release brings it; nothing here needs setting up for that.
      </Empty>
    </Page>
  );
}
