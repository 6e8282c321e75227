import { sendDatagramWithFds } from "../linux/datagram.js";

/** To the service manager, in the order of all that this process tells it. True says that it was sent. Neither library in use can send fds. */
export function sendWithFds(state: string, fds: readonly number[]): boolean {
  const path = process.env["NOTIFY_SOCKET"] ?? "";
  // systemd also knows vsock:, for virtual machines; no service gets that.
  if (!path.startsWith("/") && !path.startsWith("@")) return false;
  return sendDatagramWithFds(path, Buffer.from(state), fds) > 0;
}
