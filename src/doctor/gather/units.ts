import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Address, parseAddress } from "../../lib/address.js";
import { showUnits, type UnitProperties } from "../../systemd/show-units.js";
import type { SocketUnitFacts, SourceFile, UnitFacts } from "../facts.js";

const serviceProperties = words(`
  Id ActiveState Result StatusText MainPID ControlGroup NeedDaemonReload FragmentPath DropInPaths TriggeredBy
  Type NotifyAccess KillMode NonBlocking OOMPolicy User Group DynamicUser
  FileDescriptorStoreMax FileDescriptorStorePreserve RuntimeDirectory RuntimeDirectoryPreserve StateDirectory
  ExecReload ExecStopPost Restart RestartForceExitStatus SuccessExitStatus RestartPreventExitStatus
  StartLimitIntervalUSec WatchdogUSec TimeoutStartUSec TimeoutStopUSec
  MemoryMax Environment ProtectHome PrivateTmp ProtectSystem ReadWritePaths BindPaths
`);
const socketProperties = words("Id ActiveState Listen FileDescriptorName Accept MaxConnectionsPerSource");

/** Undefined when systemd does not answer. */
export async function gatherUnit(name: string): Promise<UnitFacts | undefined> {
  const [properties] = (await showUnits([name], serviceProperties)) ?? [];
  if (properties === undefined) return undefined;
  const paths = [properties.get("FragmentPath") ?? "", ...(properties.get("DropInPaths") ?? "").split(" ")];
  return { name, properties, sources: readSources(paths.filter(Boolean)) };
}

const unitFolders = [
  "/etc/systemd/system",
  "/run/systemd/system",
  "/usr/local/lib/systemd/system",
  "/usr/lib/systemd/system",
];

/** The socket units that start the service: those that systemd has loaded, and those that it would once they are enabled. */
export async function gatherSockets(unit: UnitFacts): Promise<readonly SocketUnitFacts[]> {
  const loaded = (unit.properties.get("TriggeredBy") ?? "")
    .split(" ")
    .filter((name) => name.endsWith(".socket"));
  const names = [...new Set([...loaded, ...findSocketFiles(unit.name)])];
  return ((await showUnits(names, socketProperties)) ?? []).map(readSocket);
}

/** Names of socket units that say Service=. */
function findSocketFiles(service: string): string[] {
  const paths = unitFolders.flatMap((folder) =>
    listFolder(folder)
      .filter((name) => name.endsWith(".socket"))
      .map((name) => `${folder}/${name}`),
  );
  const found = readSources(paths).filter(({ text }) => text.split("\n").includes(`Service=${service}`));
  return found.map(({ path }) => basename(path));
}

export function readSocket(properties: UnitProperties): SocketUnitFacts {
  const unit = properties.get("Id") ?? "";
  const lines = (properties.get("Listen") ?? "").split("\n").filter(Boolean);
  return {
    unit,
    listener: properties.get("FileDescriptorName") || unit,
    addresses: lines.flatMap((line) => readListen(line) ?? []),
    unused: lines.filter((line) => readListen(line) === undefined),
    accept: properties.get("Accept") === "yes",
    perSource: Number(properties.get("MaxConnectionsPerSource") ?? 0),
    active: properties.get("ActiveState") === "active",
  };
}

/** Like `127.0.0.1:8080 (Stream)`, `/run/web.sock (Stream)`, `@web (Stream)`, `[::]:53 (Datagram)`. */
function readListen(line: string): Address | undefined {
  const [, place = "", kind] = /^(.*) \((Stream|Datagram)\)$/.exec(line) ?? [];
  if (kind === undefined) return undefined;
  const local = /^[/@]/.test(place);
  if (local && kind === "Datagram") return undefined;
  const address = parseAddress(`${local ? "unix:" : kind === "Datagram" ? "udp:" : ""}${place}`);
  return address.ok ? address.value : undefined;
}

/** Those of the files that can be read. */
export function readSources(paths: readonly string[]): SourceFile[] {
  return paths.flatMap((path) => {
    try {
      return [{ path, text: readFileSync(path, "utf8") }];
    } catch {
      return [];
    }
  });
}

/** Empty when it cannot be listed. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
