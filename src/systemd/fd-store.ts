import { notifyAssignment } from "./notify.js";
import { sendWithFds } from "./send-with-fds.js";

/** Whether systemd takes it as FDNAME: sd_pid_notify_with_fds(3). An empty one would be stored as `stored`. */
export function isStorableName(name: string): boolean {
  return /^[ -9;-~]{1,255}$/.test(name);
}

/**
 * Asks systemd to keep a copy of the fd across restarts and give it back under `name`, whatever becomes of its other
 * end: without FDPOLL=0 it would drop the copy on hang-up or error. True says that the request was sent, not that it was granted (FileDescriptorStoreMax=);
 * a file that is already kept stays once, under its first name.
 */
export function storeFd(fd: number, name: string): boolean {
  return storeFds([fd], name);
}

/** The same for up to 253 fds at once, all under one name; given back in no particular order. */
export function storeFds(fds: readonly number[], name: string): boolean {
  if (!isStorableName(name)) return false;
  return send(["FDSTORE=1", notifyAssignment("FDNAME", name), "FDPOLL=0"], fds);
}

/** Asks systemd to drop every fd kept under `name`. */
export function removeFd(name: string): boolean {
  return isStorableName(name) && send(["FDSTOREREMOVE=1", notifyAssignment("FDNAME", name)], []);
}

function send(lines: readonly string[], fds: readonly number[]): boolean {
  return sendWithFds(lines.join("\n"), fds);
}
