import type { Container } from "../harness/container/container.js";
import { HarnessError } from "../harness/harness-error.js";
import { formatMs, type Row } from "./figures.js";
import { HOLDFAST, installTimedDaemon } from "./services.js";
import { parseStamps, type Stamp } from "./stamps.js";

const STAMPS = "/run/stamps/daemon";
const RESTARTS = 15;

/** `systemctl restart`: how long nobody decides. Workers serve all the while. */
export async function measureRestart(container: Container): Promise<Row[]> {
  await container.sh("mkdir -p -m 777 /run/stamps");
  await installTimedDaemon(container, HOLDFAST.units, STAMPS);
  const restarts: Restart[] = [];
  for (let restart = 0; restart < RESTARTS; restart++) {
    await container.sh(`: > ${STAMPS} && chmod 666 ${STAMPS} && systemctl restart ${HOLDFAST.units}`);
    restarts.push(readRestart(parseStamps(await container.read(STAMPS))));
  }
  const span = (from: keyof Restart, to: keyof Restart) =>
    formatMs(restarts.map((restart) => restart[to] - restart[from]));
  return [
    {
      what: `SIGTERM of the daemon to the next one having adopted, ${RESTARTS} restarts`,
      figure: span("sigterm", "adopted"),
      goal: "under 300 ms",
    },
    { what: "  of it until the old one exits (asks systemd for the job)", figure: span("sigterm", "exit") },
    { what: "  of it systemd and ExecStopPost=", figure: span("exit", "process-start") },
    { what: "  of it Node and the imports of the new one", figure: span("process-start", "loaded") },
    { what: "  of it the new one's recovery", figure: span("loaded", "adopted") },
    {
      what: "the new one from its start to READY=1, workers adopted",
      figure: span("process-start", "ready"),
      goal: "under 150 ms",
    },
    { what: "and until it says READY=1", figure: span("sigterm", "ready") },
  ];
}

type Restart = Record<"sigterm" | "exit" | "process-start" | "loaded" | "adopted" | "ready", number>;

function readRestart(stamps: readonly Stamp[]): Restart {
  const at = (what: Stamp["what"]): number => {
    const found = stamps.find((stamp) => stamp.what === what);
    if (found !== undefined) return found.atMs;
    throw new HarnessError("no-stamp", `cannot measure a restart: no ${what} in ${JSON.stringify(stamps)}`);
  };
  return {
    sigterm: at("sigterm"),
    exit: at("exit"),
    "process-start": at("process-start"),
    loaded: at("loaded"),
    adopted: at("adopted"),
    ready: at("ready"),
  };
}
