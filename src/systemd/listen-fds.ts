import inheritedSocket from "systemd-socket";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { printableJson } from "../lib/printable.js";
import { isOpen, setCloseOnExec } from "../linux/fd.js";

/** An fd that systemd passed: of a .socket unit (FileDescriptorName=) or of the fd store (FDNAME=). */
export interface InheritedFd {
  readonly fd: number;
  /** Not unique; `unknown` where systemd gave none. */
  readonly name: string;
}

/** No unit has that many; a count beyond is garbage. */
const maxFds = 65_536;
/** What says to whom fds are passed, and how many. sd_listen_fds(3) */
export const listenVariables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] as const;

type Invalid = Failure<"listen-fds-invalid">;
type Environment = Record<string, string | undefined>;

/**
 * Takes what systemd passed to this process, once: removes the variables from `env` and makes the fds close-on-exec,
 * so that no child takes them for its own. Empty when nothing was passed, or only to another process. Fails with
 * `listen-fds-invalid` for variables that contradict themselves or what is open; no fd is changed then.
 * sd_listen_fds_with_names(3).
 */
export function takeListenFds(env: Environment, pid: number): Result<InheritedFd[], Invalid> {
  const { LISTEN_PID: forPid, LISTEN_FDS: count, LISTEN_FDNAMES: names } = env;
  for (const variable of listenVariables) delete env[variable];
  if (forPid === undefined || count === undefined) return succeed([]);
  if (!isDecimal(forPid)) return refuse("LISTEN_PID", forPid, "not a process id");
  if (Number(forPid) !== pid) return succeed([]);
  if (!isDecimal(count)) return refuse("LISTEN_FDS", count, "not a count");
  if (Number(count) > maxFds) return refuse("LISTEN_FDS", count, `more than ${maxFds}`);
  return nameFds(numberFds(Number(count)), names);
}

function nameFds(fds: readonly number[], names: string | undefined): Result<InheritedFd[], Invalid> {
  const list = names === undefined ? fds.map(() => "unknown") : names === "" ? [] : names.split(":");
  if (list.length !== fds.length) {
    return refuse("LISTEN_FDNAMES", names ?? "", `${list.length} names for ${fds.length} fds`);
  }
  const inherited: InheritedFd[] = [];
  for (const [index, fd] of fds.entries()) {
    const name = list[index] ?? "";
    if (!/^[ -~]{0,255}$/.test(name))
      return refuse("LISTEN_FDNAMES", names ?? "", "a name is not printable ASCII");
    if (!isOpen(fd)) return refuse("LISTEN_FDS", String(fds.length), `fd ${fd} is not open`);
    inherited.push({ fd, name });
  }
  for (const fd of fds) setCloseOnExec(fd, true);
  return succeed(inherited);
}

/** systemd-socket reads the process's own environment, and takes LISTEN_FDS there on trust. */
function numberFds(count: number): number[] {
  process.env["LISTEN_FDS"] = String(count);
  const sockets = Array.from({ length: count }, (_, index) => inheritedSocket(index));
  delete process.env["LISTEN_FDS"];
  return sockets.flatMap((socket) => (socket === null ? [] : [socket.fd]));
}

function isDecimal(text: string): boolean {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(text);
}

function refuse(variable: string, value: string, why: string): Result<never, Invalid> {
  const shown = printableJson(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return fail("listen-fds-invalid", `cannot take the fds passed by systemd: ${variable}=${shown}: ${why}`);
}
