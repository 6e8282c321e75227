import net from "node:net";
import { text } from "node:stream/consumers";
import { DEADLINE_MS, waitUntil } from "../container/wait-until.js";
import { HarnessError } from "../harness-error.js";
import type { Fleet } from "./fleet.js";
import { CONTROLLER_ADDRESS } from "./network.js";

const SOCKET = "/run/haproxy.sock";
const BACKEND = "fleet";
const PORT = 8000;

/** Debian's HAProxy as people have it, but that it looks ten times as often, and one look is enough to take a host out. */
const configOf = (servers: readonly string[]) => `global
  stats socket ${SOCKET} mode 600 level admin
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  timeout check 5s
  retries 3
  option redispatch 1
frontend web
  bind ${CONTROLLER_ADDRESS}:${PORT}
  default_backend ${BACKEND}
backend ${BACKEND}
  balance roundrobin
  option httpchk GET /
  default-server check inter 200ms fall 1 rise 1
${servers.map((server) => `  server ${server}\n`).join("")}`;

/** What HAProxy has counted of one server; https://docs.haproxy.org/3.0/management.html#9.1 tells the names. */
export interface ServerSeen {
  readonly name: string;
  readonly status: string;
  readonly responses: number;
  /** Each is a name of its statistics, and ought to be 0. */
  readonly troubles: Readonly<Record<(typeof TROUBLES)[number], number>>;
}

const TROUBLES = ["chkfail", "chkdown", "econ", "eresp", "wretr", "wredis", "hrsp_5xx"] as const;

/** HAProxy on the controller, in front of all hosts of the fleet. */
export class Balancer implements AsyncDisposable {
  readonly address = `${CONTROLLER_ADDRESS}:${PORT}`;
  readonly #fleet: Fleet;

  private constructor(fleet: Fleet) {
    this.#fleet = fleet;
  }

  /** Returns when it has found all of them healthy. */
  static async start(fleet: Fleet): Promise<Balancer> {
    const { controller, hosts } = fleet;
    await controller.write(
      "/run/haproxy.cfg",
      configOf(hosts.map(({ name, address }) => `${name} ${address}`)),
    );
    await controller.sh("systemd-run --quiet --unit=balancer --collect haproxy -db -f /run/haproxy.cfg");
    const balancer = new Balancer(fleet);
    await waitUntil("all hosts healthy", DEADLINE_MS, async () => {
      const servers = await balancer.servers().catch(() => []);
      return servers.length === hosts.length && servers.every(({ status }) => status === "UP");
    });
    return balancer;
  }

  async servers(): Promise<ServerSeen[]> {
    const [head = "", ...lines] = (await this.#ask("show stat")).trim().split("\n");
    const names = head.replace(/^# /, "").split(",");
    const rows = lines.map((line) => new Map(line.split(",").map((value, index) => [names[index], value])));
    const count = (row: Map<string | undefined, string>, name: string): number =>
      Number(row.get(name) ?? "NaN");
    return rows
      .filter((row) => row.get("pxname") === BACKEND && row.get("svname") !== "BACKEND")
      .map((row) => ({
        name: row.get("svname") ?? "",
        status: row.get("status") ?? "",
        responses: count(row, "hrsp_2xx"),
        troubles: {
          chkfail: count(row, "chkfail"),
          chkdown: count(row, "chkdown"),
          econ: count(row, "econ"),
          eresp: count(row, "eresp"),
          wretr: count(row, "wretr"),
          wredis: count(row, "wredis"),
          hrsp_5xx: count(row, "hrsp_5xx"),
        },
      }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#fleet.controller.sh("systemctl stop balancer.service");
  }

  async #ask(command: string): Promise<string> {
    const socket = net.connect(`/proc/${this.#fleet.controller.pid}/root${SOCKET}`);
    socket.on("error", () => {}); // told by the reading below
    socket.end(`${command}\n`);
    return text(socket).catch((cause: unknown) => {
      throw new HarnessError("balancer", `cannot ask HAProxy: ${command}`, { cause });
    });
  }
}
