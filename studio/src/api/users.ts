/** Users, by name. */
import { address, json } from "@/api/http";

/** Changes one's own password; the current one proves that it is oneself. */
export const changePassword = (user: string, current_password: string, password: string) =>
  json("PATCH", address(null, `/api/v1/users/${encodeURIComponent(user)}`), {
    body: { current_password, password },
  });
