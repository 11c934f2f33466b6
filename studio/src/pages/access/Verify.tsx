import { Button } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useState } from "react";
import { verifyAudit } from "@/api/audit";
import { useSay } from "@/components/notices";
import { count } from "@/lib/format";

/** Walks the chain of hashes of the audit log. */
export function Verify() {
  const say = useSay();
  const [busy, setBusy] = useState(false);
  const look = async () => {
    setBusy(true);
    try {
      const found = await verifyAudit();
      if (found.intact) say.done(`All ${count(found.entries)} lines are what was written, none is missing`);
      else
        say.error(
          `Line ${found.first_broken} was changed, or one before it is missing. The ${count(found.entries)} before it are whole.`,
        );
    } catch (error) {
      say.error(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button variant="default" loading={busy} leftSection={<IconShieldCheck size={15} />} onClick={look}>
      Verify
    </Button>
  );
}
