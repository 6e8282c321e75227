import type { SourceFile } from "../facts.js";
import { type Check, inUnit, note, problem } from "../finding.js";

const oldestSystemd = 252;
const oldestNode = 20;
/** On others the hand-over of connections has not been tried. */
const triedNodes = [20, 22, 24, 26];

export const checkSystemd: Check = ({ machine: { systemdVersion }, sockets }) => {
  const version = Number.parseInt(systemdVersion ?? "", 10);
  if (version < oldestSystemd) {
    const message = `systemd ${version} is too old: ${oldestSystemd} is the oldest that was tried`;
    return [problem("systemd", message)];
  }
  if (version >= 254 || Number.isNaN(version)) return [];
  const closed = sockets.length > 0 ? "" : "; listeners are closed with it: only a socket unit's stay open";
  const lacks = `no FileDescriptorStorePreserve= (254): \`systemctl stop\` empties the fd store${closed}`;
  return [
    note("systemd", `systemd ${version} has ${lacks}. No systemd-analyze fdstore (254) to look into it`),
  ];
};

export const checkNode: Check = ({ machine: { nodeVersion } }) => {
  const major = Number.parseInt(nodeVersion, 10);
  if (major < oldestNode)
    return [problem("node", `Node ${nodeVersion} is too old: ${oldestNode} is the oldest that works`)];
  if (triedNodes.includes(major)) return [];
  const message = `Node ${nodeVersion} has not been tried (${triedNodes.join(", ")} have): native workers check at start what they rely on`;
  return [note("node", message)];
};

export const checkPrivilege: Check = ({ machine: { root } }) => {
  if (root) return [];
  const message = "not everything could be looked at: only root sees other users' processes and files";
  return [note("privilege", message, { where: "sudo holdfast doctor", lines: [] })];
};

/** dbus-daemon turns away users that only nss-systemd(8) knows, and over D-Bus it is told whether a restart or a stop is meant. */
export const checkDynamicUser: Check = ({ unit, machine }) => {
  if (unit.properties.get("DynamicUser") !== "yes" || !machine.dbusDaemon) return [];
  const message =
    "DynamicUser=yes: dbus-daemon turns such a user away, and every restart is taken for a stop; use User=";
  return [problem("dynamic-user", message, inUnit(unit, "DynamicUser=no"))];
};

/** Restarting is harmless here, so there is no reason to except the unit, and with a library's security fix there is one not to. */
export const checkNeedrestart: Check = ({ unit, machine: { needrestart } }) =>
  matches(needrestart, /^\s*[^#]*?\bqr(?:\((.+)\)|\{(.+)\}|\/(.+)\/)\w*\s*\}?\s*=>?\s*0\b/)
    .filter(({ groups }) => groups.some((pattern) => fits(pattern, unit.name)))
    .map(({ where }) => {
      const message = `needrestart is told to leave ${unit.name} alone: after a library's upgrade the workers go on with the old one. Its \`systemctl restart\` would be an upgrade, and interrupt nothing`;
      return note("needrestart", message, { where, lines: ["remove the line, or write = 1"] });
    });

export const checkReboot: Check = ({ machine: { aptSettings } }) =>
  matches(aptSettings, /^\s*Unattended-Upgrade::Automatic-Reboot\s+"(?:true|1|yes)"/)
    .slice(-1)
    .map(({ where }) => {
      const message =
        "unattended-upgrades reboots this machine by itself: nothing here answers during a reboot";
      return note("automatic-reboot", message, {
        where,
        lines: ['Unattended-Upgrade::Automatic-Reboot "false";'],
      });
    });

interface Match {
  readonly where: string;
  readonly groups: readonly string[];
}

function matches(sources: readonly SourceFile[], pattern: RegExp): readonly Match[] {
  return sources.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => {
      const [all, ...groups] = pattern.exec(line) ?? [];
      if (all === undefined) return [];
      return [{ where: `${path}:${index + 1}`, groups: groups.filter((group) => group !== undefined) }];
    }),
  );
}

/** The pattern is Perl's; what JavaScript cannot read does not match. */
function fits(pattern: string, unit: string): boolean {
  try {
    return new RegExp(pattern).test(unit);
  } catch {
    return false;
  }
}
