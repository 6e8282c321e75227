import koffi from "koffi";

/**
 * sd_notify(3) of the system's libsystemd: sends to the process's own NOTIFY_SOCKET. Positive when sent, 0 without such a
 * socket, minus errno else. Throws where the library is not installed.
 */
export function loadSdNotify(): (state: string) => number {
  const notify = koffi.load("libsystemd.so.0").func("int sd_notify(int, const char *)");
  return (state) => Number(notify(0, state));
}
