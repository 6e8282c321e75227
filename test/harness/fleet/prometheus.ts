import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import type { Fleet } from "./fleet.js";
import { METRICS_PORT } from "./host.js";
import { addressOf } from "./network.js";

const LISTEN = "127.0.0.1:9090";
const TARGETS = "/etc/prometheus/holdfast.d/fleet.json";

/** As packaging/monitoring has it, but that it looks more often. */
const CONFIG = `global: {scrape_interval: 1s}
scrape_configs:
  - job_name: holdfast
    file_sd_configs: [{files: [${TARGETS}]}]
`;

/** Prometheus on the controller, which scrapes the metrics of the service on all hosts. */
export class Prometheus implements AsyncDisposable {
  readonly url = `http://${LISTEN}`;
  readonly #fleet: Fleet;

  private constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Returns when it has seen all of them up. */
  static async start(fleet: Fleet): Promise<Prometheus> {
    const { controller, hosts } = fleet;
    const targets = hosts.map(({ nth }) => `${addressOf(nth)}:${METRICS_PORT}`);
    await controller.sh("mkdir -p /etc/prometheus/holdfast.d");
    await controller.write(TARGETS, JSON.stringify([{ targets }]));
    await controller.write("/etc/prometheus/fleet.yml", CONFIG);
    await controller.sh(
      `systemd-run --quiet --unit=monitoring --collect prometheus --config.file=/etc/prometheus/fleet.yml \
        --storage.tsdb.path=/tmp/prometheus --web.listen-address=${LISTEN}`,
    );
    const prometheus = new Prometheus(fleet);
    const query = encodeURIComponent(`sum(up) == ${hosts.length}`);
    await waitUntil("all hosts in Prometheus", DEADLINE_MS, async () => {
      const asked = `${prometheus.url}/api/v1/query?query=${query}`;
      const { stdout } = await controller.exec(["curl", "-sS", asked]);
      return /"value"/.test(stdout);
    });
    return prometheus;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fleet.controller.sh("systemctl stop monitoring.service");
  }
}
