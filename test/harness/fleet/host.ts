import type { StatusReport } from "../../../src/control/replies.js";
import type { Container } from "../container/container.js";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import { askStatus } from "../service/ask-status.js";
import { versionOf } from "../service/web-service.js";
import { addressOf } from "./network.js";
import { RUN_TIMEOUT_MS } from "./playbook.js";

/** What the service is called on every host. */
export const SERVICE = "web";
export const PORT = 8080;
export const METRICS_PORT = 9464;
/** Files that a release's flaws are links to, so that the same release is bad on one host, or only from some moment on. */
export const FLAWS = "/etc/flaws";

/** A machine of the fleet. */
export class FleetHost {
  readonly nth: number;
  readonly container: Container;
  readonly name: string;
  readonly address: string;

  constructor(nth: number, container: Container) {
    this.nth = nth;
    this.container = container;
    this.name = `host${nth}`;
    this.address = `${addressOf(nth)}:${PORT}`;
  }

  async status(): Promise<StatusReport> {
    const status = await askStatus(this.container, SERVICE, DEADLINE_MS);
    if (status.ok) return status.value;
    throw new HarnessError("status", `cannot ask ${this.name}: ${status.failure.message}`);
  }

  /** The version that serves, once nothing else is there. */
  settled(): Promise<string> {
    return waitUntil(`one settled generation on ${this.name}`, DEADLINE_MS, async () => {
      const { generations, upgrade } = await this.status();
      const [only, other] = generations;
      return upgrade === null && other === undefined && only?.phase === "active" && versionOf(only);
    });
  }

  /** Waits until this version is as far there, as long as a run may take to bring it. */
  async reaches(version: string, kinds: readonly ("trial" | "probation" | "proved")[]): Promise<void> {
    await waitUntil(`${version} on ${kinds.join()} on ${this.name}`, RUN_TIMEOUT_MS, async () => {
      const { generations } = await this.status();
      const active = generations.find(({ phase }) => phase === "active");
      const kind = active?.proof?.kind;
      return active !== undefined && versionOf(active) === version && kinds.some((one) => one === kind);
    });
  }

  /** Nothing is bad here. */
  async prepare(): Promise<void> {
    await this.container.sh(`mkdir ${FLAWS}`);
  }

  /** From now on whatever has that flaw shows it here. */
  async turnBad(flaw: string, text: string): Promise<void> {
    await this.container.write(`${FLAWS}/${flaw}`, text);
  }

  async turnGood(): Promise<void> {
    await this.container.sh(`rm -rf ${FLAWS} && mkdir ${FLAWS}`);
  }
}
