import { importCheck, readProgram, withPreload } from "../config/programs.js";
import { findServer, tellOfSockets } from "../config/servers.js";
import type { DrainSignal } from "../lib/drain-signals.js";
import type { NewInstance, WantedListener } from "./init-files.js";

/** The text of the config, and what of it was not typed, and why. `socketUnits`: their paths, where systemd listens. */
export function writeConfig(
  wanted: NewInstance,
  listeners: readonly WantedListener[],
  socketUnits: readonly string[],
): { readonly text: string; readonly notes: readonly string[] } {
  const { name, release, shared, workers } = wanted;
  const { argv, environment, ready, drain, notes } = fitProgram(wanted, listeners);
  const lines = [
    `# ${name} under Holdfast. After a change: holdfast -n ${name} upgrade`,
    `command = [${argv.map(quote).join(", ")}]`,
    `release = ${quote(release)}`,
    shared.length === 0
      ? '# shared = ["uploads"]   # what the app writes in it; the rest is read-only to the app'
      : `shared = [${shared.map(quote).join(", ")}]`,
  ];
  const variables = Object.entries(environment).map(([key, value]) => `${key} = ${quote(value)}`);
  if (variables.length > 0) lines.push(`environment = { ${variables.join(", ")} }`);
  const importing = importCheck(argv);
  if (importing !== undefined) {
    lines.push(
      `check = [${importing.map(quote).join(", ")}]   # imports the app, which gunicorn does only after it has said READY=1`,
    );
  }
  if (workers !== undefined)
    lines.push(`workers = ${/^[0-9]+$/.test(workers) ? Number(workers) : quote(workers)}`);
  for (const [index, listener] of listeners.entries()) {
    const path = socketUnits[index];
    lines.push("", `[listeners.${/[.]/.test(listener.name) ? quote(listener.name) : listener.name}]`);
    lines.push(path === undefined ? `address = ${quote(listener.text)}` : `# Its address is in ${path}`);
  }
  lines.push("", ...writeReady(ready), ...writeDrain(drain), "");
  return { text: lines.join("\n"), notes };
}

interface Fitted {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly ready: "notify" | "accepts";
  readonly drain: DrainSignal | undefined;
  readonly notes: readonly string[];
}

/** What is known of the program decides what it is given besides. */
function fitProgram({ program: typed, source }: NewInstance, listeners: readonly WantedListener[]): Fitted {
  const notes: string[] = [];
  const preloaded = withPreload(typed, source);
  if (preloaded !== undefined) {
    notes.push(
      `the app opens its own port: with --import holdfast/register it takes the socket that it is passed`,
    );
  }
  const plain = { argv: preloaded ?? typed, environment: {} };
  const addresses = listeners.map(({ address }) => address);
  const told = tellOfSockets(plain, addresses);
  const { program } = readProgram(typed);
  if (told !== undefined) {
    const what = [...told.argv.slice(plain.argv.length), ...Object.keys(told.environment)].join(" ");
    notes.push(`${program} opens its own port unless it is told of the socket that it is passed: by ${what}`);
  }
  const server = findServer(typed);
  const ready = (server?.saysReady ?? "always") === "always" ? "notify" : "accepts";
  if (ready === "accepts")
    notes.push(`${program} may never say READY=1: it counts as ready when it accepts connections`);
  if (server?.drain !== undefined) {
    const drains = server.drain === "none" ? "no signal makes it drain" : `drains at ${server.drain}`;
    notes.push(`${program} cuts what it is answering at SIGTERM, and ${drains}`);
  }
  const drain = server?.drain === "none" ? undefined : server?.drain;
  return { ...(told ?? plain), ready, drain, notes };
}

function writeReady(ready: Fitted["ready"]): readonly string[] {
  if (ready === "accepts")
    return ["# It may never say READY=1, sd_notify(3).", "[ready]", 'when = "accepts"'];
  return [
    "# A worker counts as ready when it says READY=1, sd_notify(3). For a program that does not:",
    "# [ready]",
    '# when = "accepts"   # it accepts connections',
  ];
}

function writeDrain(signal: DrainSignal | undefined): readonly string[] {
  return signal === undefined ? [] : ["", "[drain]", `signal = ${quote(signal)}`];
}

/** A basic string of TOML, which has all of JSON's escapes. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}
