import { parseConfig } from "../config/parse.js";
import { findServer } from "../config/servers.js";
import { type Address, parseAddress } from "../lib/address.js";
import { isInstanceName } from "../lib/directories.js";
import { type Failure, type FailureOf, fail, type Result, succeed } from "../lib/failure.js";
import { socketUnitFor } from "../lib/socket-unit.js";
import type { NewFile } from "../linux/create-files.js";
import { writeConfig } from "./init-config.js";
import { splitNamedAddress } from "./named-address.js";
import { layOutShared } from "./shared-paths.js";

export interface NewInstance {
  readonly name: string;
  readonly program: readonly string[];
  /** As typed: `[NAME=]ADDRESS`. */
  readonly listen: readonly string[];
  /** Absolute. */
  readonly release: string;
  /** Relative to the release. */
  readonly shared: readonly string[];
  /** As typed: a number or `auto`. */
  readonly workers: string | undefined;
  /** Whether systemd listens, by socket units, and not the daemon. */
  readonly socketUnits: boolean;
  /** The text of the script that the program runs, empty where it runs none. */
  readonly source: string;
}

export interface Layout {
  /** What of it was not typed, and why. */
  readonly notes: readonly string[];
  readonly files: readonly NewFile[];
  /** What `systemctl enable --now` is to be given, in that order. */
  readonly units: readonly string[];
  /** What has to be done before. */
  readonly commands: readonly string[];
}

export interface WantedListener {
  readonly name: string;
  /** As typed, and proven to be readable. */
  readonly text: string;
  readonly address: Address;
}

/**
 * What `holdfast init` writes. The config is read by the daemon's own parser before it gets here. Fails with `usage`, or with
 * what the parser says.
 */
export function layOut(wanted: NewInstance): Result<Layout, FailureOf<"config"> | Failure<"usage">> {
  const { name, socketUnits } = wanted;
  const listeners = readListeners(wanted.listen);
  if (!listeners.ok) return listeners;
  const shared = layOutShared(name, wanted.release, wanted.shared);
  if (!shared.ok) return shared;
  const configFile = `/etc/holdfast/${name}.toml`;
  const service = `holdfast@${name}.service`;
  const sockets = socketUnits
    ? listeners.value.map((listener, index) => {
        const unit = socketUnitFor(service, listener.name, index === 0);
        return {
          unit,
          path: `/etc/systemd/system/${unit}`,
          text: writeSocketUnit(name, listener, index > 0),
        };
      })
    : [];
  const { text, notes } = writeConfig(
    wanted,
    listeners.value,
    sockets.map(({ path }) => path),
  );
  const blocks = findServer(wanted.program)?.blocks ?? false;
  if (blocks && !socketUnits) {
    const why = "waits in a blocking accept(2), and what the daemon opens does not block";
    return fail("usage", `${wanted.program.join(" ")} ${why}: leave out --no-socket`);
  }
  const parsed = parseConfig(text, configFile, { cwd: "/", cores: 1 });
  if (!parsed.ok) return parsed;
  return succeed({
    notes,
    files: [
      { path: configFile, text },
      ...sockets.map(({ path, text }) => ({ path, text })),
      ...(blocks ? [blockingDropIn(service)] : []),
      ...shared.value.files,
    ],
    units: [...sockets.map(({ unit }) => unit), service],
    commands: shared.value.commands,
  });
}

function blockingDropIn(service: string): NewFile {
  return {
    path: `/etc/systemd/system/${service}.d/blocking.conf`,
    text: "# The program waits in a blocking accept(2).\n[Service]\nNonBlocking=no\n",
  };
}

function readListeners(texts: readonly string[]): Result<readonly WantedListener[], Failure<"usage">> {
  const listeners: WantedListener[] = [];
  for (const typed of texts) {
    const { name, text } = splitNamedAddress(typed);
    const address = parseAddress(text);
    if (!address.ok) return fail("usage", `--listen: ${address.failure.message}`);
    if (!isInstanceName(name)) {
      return fail(
        "usage",
        `--listen: ${JSON.stringify(name)} cannot be a listener's name here; use letters and digits`,
      );
    }
    if (listeners.some((other) => other.name === name)) {
      return fail(
        "usage",
        `--listen: two listeners named ${name}; give each its own, as in --listen admin=${text}`,
      );
    }
    if (address.value.kind === "unix" && /[\s\\"']/.test(address.value.path)) {
      return fail(
        "usage",
        `--listen: a path with blanks, quotes or backslashes has to be written by hand: ${text}`,
      );
    }
    listeners.push({ name, text, address: address.value });
  }
  return succeed(listeners);
}

function writeSocketUnit(
  name: string,
  { name: listener, address }: WantedListener,
  additional: boolean,
): string {
  const kind = address.kind === "udp" ? "ListenDatagram" : "ListenStream";
  const service = `holdfast@${name}.service`;
  return [
    "[Unit]",
    `Description=Listener ${listener} of ${name} under Holdfast`,
    "",
    "[Socket]",
    `${kind}=${escapePercent(placeOf(address))}`,
    `# The name in [listeners.${listener}] of /etc/holdfast/${name}.toml`,
    `FileDescriptorName=${listener}`,
    ...(additional ? [`Service=${service}`] : []),
    "",
    "[Install]",
    `WantedBy=sockets.target${additional ? ` ${service}` : ""}`,
    "",
  ].join("\n");
}

/** As systemd.socket(5) writes it. */
function placeOf(address: Address): string {
  if (address.kind === "unix") return address.path;
  return `${address.family === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

/** `%` begins a specifier in a unit file: systemd.unit(5). */
function escapePercent(text: string): string {
  return text.replaceAll("%", "%%");
}
