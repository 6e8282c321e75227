import { openChannel } from "./channel.js";
import { openConfig } from "./config.js";
import { openControl } from "./control.js";
import { openHttp } from "./http.js";
import { openListenFds } from "./listen-fds.js";
import { openMetrics } from "./metrics.js";
import { openNotify } from "./notify.js";
import { openPeer } from "./peer.js";
import { openSnapshot } from "./snapshot.js";
import { openState } from "./state.js";
import type { Target } from "./target.js";

export interface Entry {
  readonly open: () => Promise<Target>;
  /** How many seeds `npm test` feeds; none where other tests do. */
  readonly seeds: number;
}

export const targets: Readonly<Record<string, Entry>> = {
  control: { open: openControl, seeds: 2 },
  metrics: { open: openMetrics, seeds: 1 },
  notify: { open: openNotify, seeds: 4 },
  channel: { open: openChannel, seeds: 4 },
  peer: { open: openPeer, seeds: 4 },
  state: { open: openState, seeds: 3 },
  config: { open: openConfig, seeds: 4 },
  "listen-fds": { open: openListenFds, seeds: 2 },
  snapshot: { open: openSnapshot, seeds: 2 },
  http: { open: openHttp, seeds: 0 },
};
