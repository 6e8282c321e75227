import { readProgram } from "../../config/programs.js";
import { findServer, isSelfBound, tellOfSockets } from "../../config/servers.js";
import type { Address } from "../../lib/address.js";
import type { Facts } from "../facts.js";
import { type Check, type Finding, inUnit, note, problem, type Remedy } from "../finding.js";

/** What a known server needs to be told: how it is seen to be ready, which sockets it has, by which signal it drains. */
export const checkServer: Check = (facts) => {
  const { config, configFile, sockets, unit } = facts;
  if (!config.ok) return [];
  const { command: argv, environment, ready, drain } = config.value.plan;
  const { program } = readProgram(argv);
  if (isSelfBound(argv)) {
    const message = `${program} opens a port of its own and cannot be told otherwise: clients of the one that it is passed are never answered`;
    return [problem("self-bound", message, { where: "/usr/share/doc/holdfast/recipes.md", lines: [] })];
  }
  const findings: Finding[] = [];
  const write = (...lines: readonly string[]): Remedy => ({ where: configFile, lines });
  const server = findServer(argv);
  if (ready.rule.when === "notify" && server?.saysReady === "never") {
    const message = `${program} does not say READY=1 by itself, and then no version is ever ready`;
    findings.push(problem("never-ready", message, write("[ready]", 'when = "accepts"')));
  }
  const told = tellOfSockets({ argv, environment }, addressesOf(facts));
  if (told !== undefined) {
    const message = `${program} opens a port of its own unless it is told of the socket that it is passed`;
    const line = told.argv === argv ? writeTable(told.environment) : `command = ${JSON.stringify(told.argv)}`;
    findings.push(problem("own-port", message, write(line)));
  }
  if (server?.drain === "none") {
    const message = `${program} cuts what it is answering when it is told to end, by whatever signal`;
    findings.push(note("cuts-requests", message, { where: "/usr/share/doc/holdfast/recipes.md", lines: [] }));
  } else if (server?.drain !== undefined && drain.signal === "SIGTERM") {
    const message = `${program} cuts what it is answering at SIGTERM, and drains at ${server.drain}`;
    findings.push(problem("cuts-requests", message, write("[drain]", `signal = "${server.drain}"`)));
  }
  if (server?.blocks && (sockets.length === 0 || unit.properties.get("NonBlocking") === "yes")) {
    const message = `${program} waits in a blocking accept(2), so it needs a socket unit and NonBlocking=no: else its processes end at once, one after the other`;
    findings.push(problem("blocking", message, inUnit(unit, "NonBlocking=no")));
  }
  return findings;
};

/** In the order of the worker's fds. */
function addressesOf({ config, sockets }: Facts): readonly Address[] {
  const names = [...new Set(sockets.map(({ listener }) => listener))].sort();
  const declared = config.ok ? config.value.listeners : null;
  return (declared ?? names.map((name) => ({ name, address: null }))).flatMap(({ name, address }) => {
    const passed = sockets.filter(({ listener }) => listener === name).flatMap(({ addresses }) => addresses);
    return passed.length > 0 || address === null ? passed : [address];
  });
}

function writeTable(environment: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(environment).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return `environment = { ${pairs.join(", ")} }`;
}
