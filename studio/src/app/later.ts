/** What has its place already and comes with later releases. */
import { IconActivityHeartbeat, IconCpu, IconPlayerPlay, IconWorldUpload } from "@tabler/icons-react";

export const LATER = [
  {
    noun: "compute",
    name: "Compute",
    icon: IconCpu,
    text: "Machines that run scripts: this one, others by SSH, Slurm, Ray, Kubernetes and Spark.",
  },
  {
    noun: "jobs",
    name: "Jobs",
    icon: IconPlayerPlay,
    text: "Scripts that were submitted to compute targets: queued, running and done, with their logs.",
  },
  {
    noun: "endpoints",
    name: "Endpoints",
    icon: IconWorldUpload,
    text: "Model versions that are served, and the addresses that lead to them.",
  },
  {
    noun: "monitors",
    name: "Monitors",
    icon: IconActivityHeartbeat,
    text: "Drift of the data that models see, measured on a schedule.",
  },
] as const;
