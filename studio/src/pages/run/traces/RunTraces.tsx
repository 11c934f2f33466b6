import { Waiting } from "@/components/states";

export default function Later() {
  return <Waiting />;
}
