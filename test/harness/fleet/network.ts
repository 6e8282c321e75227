import type { Container } from "../container/container.js";
import { runCommand } from "../container/run-command.js";
import { HarnessError } from "../harness-error.js";

const TIMEOUT_MS = 10_000;
const BRIDGE = "bridge0";

export const CONTROLLER_ADDRESS = "10.77.0.1";

/** The address of the nth host, counted from 1. */
export function addressOf(nth: number): string {
  return `10.77.0.${10 + nth}`;
}

/**
 * Makes a bridge in the network namespace of the controller's container, and from it a cable to that of each host. There is no way from
 * there to the machine or its network, and what is made goes with the containers.
 */
export async function connect(controller: Container, hosts: readonly Container[]): Promise<void> {
  await ip(controller, "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0");
  await ip(controller, "address", "add", `${CONTROLLER_ADDRESS}/24`, "dev", BRIDGE);
  await ip(controller, "link", "set", BRIDGE, "up");
  for (const [index, host] of hosts.entries()) {
    const [port, nth] = [portOf(index + 1), index + 1];
    const peer = ["peer", "name", "eth0", "netns", String(host.pid)];
    await ip(controller, "link", "add", port, "type", "veth", ...peer);
    await ip(controller, "link", "set", port, "master", BRIDGE, "up");
    await ip(host, "address", "add", `${addressOf(nth)}/24`, "dev", "eth0");
    await ip(host, "link", "set", "eth0", "up");
  }
}

/** Pulls the nth host's cable, or plugs it in again. */
export async function setCable(controller: Container, nth: number, state: "up" | "down"): Promise<void> {
  await ip(controller, "link", "set", portOf(nth), state);
}

function portOf(nth: number): string {
  return `port${nth}`;
}

/** iproute2 of this machine, in the network namespace of a container and nothing else of it: it names the other by its pid here. */
async function ip({ pid }: Container, ...args: string[]): Promise<void> {
  const argv = ["nsenter", "--target", String(pid), "--net", "--", "ip", ...args] as const;
  const { code, stderr } = await runCommand(argv, { timeoutMs: TIMEOUT_MS });
  if (code !== 0) throw new HarnessError("network", `cannot do ip ${args.join(" ")}: ${stderr}`);
}
