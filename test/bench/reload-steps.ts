import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { formatMs, type Row } from "./figures.js";
import { deploy, EXPRESS } from "./native-service.js";
import { installTimedDaemon } from "./services.js";
import { parseStamps, type Stamp, stampsVariable } from "./stamps.js";

const PROGRAM = "/opt/holdfast/build/test/bench/first-response.js";
const STAMPS = "/run/stamps/express";
const ROUNDS = 15;

/** Each ends where the next one begins. */
const STEPS: readonly (readonly [moment: string, before: string])[] = [
  ["asked", ""],
  ["sighup", "systemctl, systemd and the shell of ExecReload=, until the daemon has the signal"],
  ["do make-snapshot", "the request and what follows from config and listeners, both written down"],
  ["done make-snapshot", "the copy of the release, synced"],
  ["do open-gate", "the worker's shell at its gate, written down"],
  ["process-start", "the shell becomes Node"],
  ["loaded", "Node's own boot"],
  ["do verify", "app and library, until the daemon knows that it is ready and has written that down"],
  ["done verify", "questions to the workers, old and new"],
  ["do activate", "the commit, written down"],
  ["answered", "the worker accepts, and answers"],
];

/** Where the time goes between `systemctl reload` and the first response of the new version. */
export async function measureReloadSteps(container: Container): Promise<Row[]> {
  await installTimedDaemon(container, EXPRESS.units, STAMPS);
  const rounds: (readonly number[])[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const version = await deploy(container);
    await container.sh(`: > ${STAMPS} && chmod 666 ${STAMPS}`);
    const command = ["systemctl", "reload", EXPRESS.units];
    const timed = [`${stampsVariable}=${STAMPS}`, "/usr/bin/node", PROGRAM, EXPRESS.address, version];
    const { code, stderr } = await container.exec(["env", ...timed, ...command]);
    if (code !== 0) throw new HarnessError("reload-steps", `cannot time a reload: ${stderr}`);
    rounds.push(momentsIn(parseStamps(await container.read(STAMPS))));
  }
  const span = (from: number, to: number): string =>
    formatMs(rounds.map((at) => (at[to] ?? 0) - (at[from] ?? 0)));
  return [
    {
      what: `systemctl reload of an Express app to its first response, ${ROUNDS} reloads`,
      figure: span(0, STEPS.length - 1),
    },
    ...STEPS.slice(1).map(([, what], step) => ({ what: `  of it ${what}`, figure: span(step, step + 1) })),
  ];
}

function momentsIn(stamps: readonly Stamp[]): readonly number[] {
  return STEPS.map(([moment]) => {
    const found = stamps.find(
      ({ what, action }) => (action === undefined ? what : `${what} ${action}`) === moment,
    );
    if (found !== undefined) return found.atMs;
    throw new HarnessError("no-stamp", `cannot measure a reload: no ${moment} in ${JSON.stringify(stamps)}`);
  });
}
