import type { Address } from "../../lib/address.js";
import { formatAddress } from "../../lib/address.js";
import { formatDuration } from "../../lib/duration.js";
import { type Check, type Finding, note, problem } from "../finding.js";

/**
 * A command that asks the service's own listener is answered by whichever worker takes the connection: before the commit and during a
 * trial that may be one of the version before.
 */
export const checkAsking: Check = ({ config, configFile, sockets }) => {
  if (!config.ok) return [];
  const { plan, listeners } = config.value;
  const own = [
    ...(listeners ?? []).flatMap(({ address }) => address ?? []),
    ...sockets.flatMap(({ addresses }) => addresses),
  ];
  const asked = (argv: readonly string[]): string | undefined => {
    const address = own.find((one) => asks(argv, one));
    return address === undefined ? undefined : formatAddress(address);
  };
  const { rule } = plan.ready;
  const findings: Finding[] = [];
  const ready = rule.when === "command" ? asked(rule.command) : undefined;
  if (ready !== undefined) {
    const message = `ready.command asks ${ready}, where the old workers answer, too: at an upgrade it says nothing of the new ones`;
    const lines = [
      'verify = { http = "/" } # instead: asks each new worker (native ones)',
      '[ready]\nwhen = "notify" # or a command that asks a port of the worker\'s own',
    ].flatMap((line) => line.split("\n"));
    findings.push(problem("ready-asks-all", message, { where: configFile, lines }));
  }
  const judge = plan.judge.command === null ? undefined : asked(plan.judge.command.argv);
  if (judge !== undefined && plan.trial.timeMs > 0 && plan.strategy === "overlap") {
    const message = `judge.command asks ${judge}, where the old workers answer, too, as long as the new version is on trial`;
    const lines = ["[judge]", 'health = { http = "/" } # besides: asks the new workers alone'];
    findings.push(note("judge-asks-all", message, { where: configFile, lines }));
  }
  return findings;
};

const thisMachine = String.raw`localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1?\]?`;
const usualPorts: readonly (readonly [scheme: string, port: number])[] = [
  ["http", 80],
  ["https", 443],
];

/** Whether a word of the command, or two that follow each other, name the address. */
function asks(argv: readonly string[], address: Address): boolean {
  const line = argv.join(" ");
  if (address.kind === "unix") return argv.some((word) => word.split(/[=:]/).includes(address.path));
  if (address.kind !== "tcp") return false;
  const { host, port } = address;
  const hosts = `${thisMachine}|${host.replaceAll(".", String.raw`\.`)}`;
  if (new RegExp(String.raw`(?:^|[^\w.:-])(?:${hosts})[: ]${port}(?!\d)`).test(line)) return true;
  return usualPorts.some(
    ([scheme, usual]) =>
      usual === port && new RegExp(String.raw`${scheme}://(?:${hosts})(?![\w.:-])`).test(line),
  );
}

/** Connections that nobody takes, in whichever generation, right now. */
export const checkStalled: Check = ({ report, unit }) =>
  (report?.listeners ?? []).flatMap(({ name, address, stalledMs }) => {
    if (stalledMs === null) return [];
    const message = `clients wait at the listener ${name} (${address}), and none has been accepted for ${formatDuration(stalledMs)}: no worker accepts from it, or all are stuck`;
    return [problem("stalled", message, { where: `journalctl -u ${unit.name} -n 50`, lines: [] })];
  });
