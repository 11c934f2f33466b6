/** What the run wrote: followed while it runs, and searched. */

import { JobLogs } from "@/pages/run/logs/JobLogs";
import { KeptLogs } from "@/pages/run/logs/KeptLogs";
import type { PartProps } from "@/pages/run/RunPage";

export default function Logs(props: PartProps) {
  return props.job ? <JobLogs {...props} job={props.job} /> : <KeptLogs {...props} />;
}
