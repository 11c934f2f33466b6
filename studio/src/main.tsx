import "@/app/mantine";
import "@/app/global.css";
import { createRoot } from "react-dom/client";
import { App } from "@/app/App";

// A page that was open while the server was updated asks for files that are no longer there.
window.addEventListener("vite:preloadError", () => {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Date.now() - last < 30_000) return;
  sessionStorage.setItem("reloaded", String(Date.now()));
  location.reload();
});

createRoot(document.getElementById("root")!).render(<App />);
