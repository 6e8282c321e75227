import { asks } from "../../config/asks.js";
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
      'verify = { http = "/" } # asks the new workers alone, once they are ready',
      "[ready]",
      'when = "accepts" # or "notify"; or a command that asks http://$HOLDFAST_PROBE',
      "[listeners.probe] # only where the app is not a native worker, and accepts from every socket it is passed",
      'address = "127.0.0.1:0"',
    ];
    findings.push(problem("ready-asks-all", message, { where: configFile, lines }));
  }
  const judge = plan.judge.command === null ? undefined : asked(plan.judge.command.argv);
  if (judge !== undefined && plan.trial.timeMs > 0 && plan.strategy === "overlap") {
    const message = `judge.command asks ${judge}, where the old workers answer, too, as long as the new version is on trial`;
    const lines = [
      "[judge]",
      'health = { http = "/" } # asks the new workers alone; plain ones at a listener of their own (127.0.0.1:0)',
    ];
    findings.push(note("judge-asks-all", message, { where: configFile, lines }));
  }
  return findings;
};

/** Connections that nobody takes, in whichever generation, right now. */
export const checkStalled: Check = ({ report, unit }) =>
  (report?.listeners ?? []).flatMap(({ name, address, stalledMs }) => {
    if (stalledMs === null) return [];
    const message = `clients wait at the listener ${name} (${address}), and none has been accepted for ${formatDuration(stalledMs)}: no worker accepts from it, or all are stuck`;
    return [problem("stalled", message, { where: `journalctl -u ${unit.name} -n 50`, lines: [] })];
  });
