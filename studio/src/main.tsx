import "@/app/mantine";
import "@/app/global.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";
import { watchMissingParts } from "@/app/missing-part";

watchMissingParts();

createRoot(document.getElementById("root")!).render(<App />);
