/** What has its place already and comes with later releases. */
import { IconActivityHeartbeat, IconWorldUpload } from "@tabler/icons-react";

export const LATER = [
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
