import { metricsSocketName } from "../../lib/socket-unit.js";
import type { Slot } from "../../model/event.js";
import { nameWorker } from "../../model/turn.js";

/** Names in the fd store. Listeners have their own; no listener's may begin like the daemon's. */
const prefix = "holdfast.";

/** Of a daemon that had one socket for all of its workers. */
export const commonNotifyFdName = `${prefix}notify`;
export const controlFdName = `${prefix}control`;
export const stateFdName = `${prefix}state`;

export const metricsFdName = metricsSocketName;
/** Opened where the config says so. */
export const boundMetricsFdName = `${metricsFdName}.bound`;

const workerPrefix = `${prefix}worker.`;

const channelPrefix = `${prefix}channel.`;

const notifyPrefix = `${prefix}notify.`;

/** `holdfast.worker.8.1`: the pidfd of worker 8.1. */
export function workerFdName(slot: Slot): string {
  return `${workerPrefix}${nameWorker(slot)}`;
}

/** `holdfast.channel.8.1`: the daemon's end of its channel with worker 8.1. */
export function channelFdName(slot: Slot): string {
  return `${channelPrefix}${nameWorker(slot)}`;
}

/** `holdfast.notify.8.1`: the socket on which worker 8.1 is spoken for. */
export function notifyFdName(slot: Slot): string {
  return `${notifyPrefix}${nameWorker(slot)}`;
}

export function parseWorkerFdName(name: string): Slot | undefined {
  return parseSlot(name, workerPrefix);
}

export function parseChannelFdName(name: string): Slot | undefined {
  return parseSlot(name, channelPrefix);
}

export function parseNotifyFdName(name: string): Slot | undefined {
  return parseSlot(name, notifyPrefix);
}

function parseSlot(name: string, before: string): Slot | undefined {
  const match = /^(\d{1,9})\.(\d{1,4})$/.exec(name.startsWith(before) ? name.slice(before.length) : "");
  const [, generation, index] = match ?? [];
  if (generation === undefined || index === undefined) return undefined;
  return { generation: Number(generation), index: Number(index) };
}

export function isOwnFdName(name: string): boolean {
  return name.startsWith(prefix);
}
