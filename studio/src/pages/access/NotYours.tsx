import { IconLock } from "@tabler/icons-react";
import { ApiError } from "@/api/http";
import { Broken, Empty } from "@/components/states";

/** A part of a page that is for others: said plainly, in the server's words. */
export function NotYours({ error, what, again }: { error: Error; what: string; again: () => void }) {
  if (!(error instanceof ApiError) || error.status !== 403) return <Broken error={error} again={again} />;
  return (
    <Empty title={`You may not ${what}`} icon={<IconLock size={28} aria-hidden />}>
      {error.message}
    </Empty>
  );
}
