import { type Address, formatAddress, parseAddress } from "../lib/address.js";
import { type Failure, fail, type Result, succeed } from "../lib/failure.js";
import { ownUnitName } from "../linux/cgroup.js";
import { closeFd } from "../linux/fd.js";
import { openPidfd, takeFd } from "../linux/pidfd.js";
import { findOwner, findSockets, type HeldSocket } from "../linux/port-owner.js";
import { isStorableName, storeFds } from "../systemd/fd-store.js";
import { storeHas } from "../systemd/store-room.js";
import type { CommandLine, End } from "./command.js";
import { splitNamedAddress } from "./named-address.js";
import { say } from "./print.js";

/** More cannot be sent in one message: SCM_MAX_FD. */
const maxSockets = 253;

/**
 * `holdfast adopt-listener`, for `ExecStartPre=+`: copies the sockets that another program listens on into the fd store of
 * the unit that is being started. Both have them then, so the other may end without anybody being refused.
 */
export async function adoptSockets({ argument = "" }: CommandLine): Promise<End> {
  const { name, text } = splitNamedAddress(argument);
  const address = parseAddress(text);
  if (!address.ok) return fail("usage", address.failure.message);
  if (address.value.kind === "unix") {
    return fail(
      "usage",
      "a unix socket is not adopted: most programs remove its file when they end, and nobody finds it then",
    );
  }
  if (!isStorableName(name)) return fail("usage", `${JSON.stringify(name)} cannot be a listener's name`);
  const unit = process.env["NOTIFY_SOCKET"] === undefined ? undefined : ownUnitName();
  if (unit === undefined) {
    return fail(
      "usage",
      "adopt-listener belongs in a unit: ExecStartPre=+/usr/bin/holdfast adopt-listener …",
    );
  }
  const where = formatAddress(address.value);
  const sockets = findSockets(address.value);
  const [first] = sockets;
  if (first === undefined) return fail("nobody-listens", `cannot adopt ${where}: ${whoElse(address.value)}`);
  if (sockets.length > maxSockets)
    return fail("too-many", `cannot adopt ${where}: ${sockets.length} sockets`);
  const taken = sockets.map(take);
  const fds = taken.flatMap((copy) => (copy.ok ? [copy.value] : []));
  const refused = taken.find((copy) => !copy.ok);
  const stored = refused === undefined && storeFds(fds, name);
  for (const fd of fds) closeFd(fd);
  if (refused !== undefined) return refused;
  if (!stored || !(await storeHas(unit, sockets.length))) {
    return fail(
      "not-stored",
      `cannot store ${where} in ${unit}: check NotifyAccess=exec and FileDescriptorStoreMax=`,
    );
  }
  say(`adopted ${where} of ${first.name} (pid ${first.pid}) as ${name}`);
  return succeed("done");
}

/** What has the port at another address is not taken for it: it may be somebody else's. */
function whoElse(address: Address): string {
  const owner = findOwner(address);
  if (owner === undefined) return "no process listens there";
  return `no process listens at exactly that address; ${owner.name} (pid ${owner.pid}) has the port at another, and \`ss -ltnup\` shows which`;
}

function take({ pid, fd, name }: HeldSocket): Result<number, Failure<"not-permitted">> {
  const pidfd = openPidfd(pid);
  const copy = pidfd === undefined ? undefined : takeFd(pidfd, fd);
  if (pidfd !== undefined) closeFd(pidfd);
  if (copy !== undefined) return succeed(copy);
  const hint =
    "it has just ended, this is not run with full privileges (ExecStartPre=+), or a container forbids pidfd_getfd(2)";
  return fail("not-permitted", `cannot copy a socket of ${name} (pid ${pid}): ${hint}`);
}
