import { type Address, parseAddress } from "../../lib/address.js";
import { findListener } from "./find-listener.js";
import type { WantedSocket } from "./listen-arguments.js";

/** What the environment tells of the sockets that were passed. */
export interface Passed {
  /** To this very process; else to one of those that have started it. */
  readonly own: boolean;
  /** Numbers that they had there, from 3 on. */
  readonly count: number;
  /** Those of which holdfastd tells the address. */
  readonly listeners: readonly { readonly address: Address }[];
}

/** Undefined where none were passed, or a process that has started this one has taken them. */
export function readPassed(env: NodeJS.ProcessEnv, pid: number): Passed | undefined {
  const { LISTEN_PID: to, LISTEN_FDS: count, HOLDFAST_CHANNEL: channel, HOLDFAST_LISTENERS: told } = env;
  const own = Number(to) === pid;
  if (!own && (channel === undefined || told === undefined)) return undefined;
  const listeners = readTexts(told).flatMap((text) => {
    const address = parseAddress(text);
    return address.ok ? [{ address: address.value }] : [];
  });
  return { own, count: Number(count ?? 0), listeners };
}

/** Whether it is one of them. */
export function isPassed({ count, listeners }: Passed, wanted: WantedSocket): boolean {
  if (wanted.kind === "fd") return wanted.fd >= firstFd && wanted.fd < firstFd + count;
  return findListener(listeners, wanted) !== undefined;
}

/** sd_listen_fds(3) SD_LISTEN_FDS_START. */
export const firstFd = 3;

function readTexts(json: string | undefined): readonly string[] {
  try {
    const value: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}
