import type { HistoryEntry, StatusReport } from "../control/replies.js";
import type { News } from "../model/event.js";

/**
 * What holdfast-web tells a page. It has no numbers of its own: it hands on what the control API says, and keeps only what it has seen
 * since it runs.
 *
 * `GET /feed` is a stream of server-sent events, each of one `FeedMessage`. `GET /api/history/NAME` is a `HistoryEntry[]`.
 * `POST /api/act/NAME/COMMAND` with a query as the control API has it (`to`, `hold`, `force`, `message`) answers 202 `{"accepted":true}`,
 * or another status with `{"error":{"reason","message"}}`. It needs what `hello` says: the header `Holdfast-Csrf: CSRF`, or
 * `Authorization: Bearer TOKEN` with what `holdfast web-token` prints, which a page keeps in sessionStorage: a cookie would go to every port.
 */
export type FeedMessage =
  /**
   * The first of each connection. Resumed: what was missed follows; else all is sent anew. `actions`: whether they are switched on.
   * `token`: whether each needs a token. `csrf`: what else it needs; null: nothing. `user`: who the viewer is, where that is known.
   */
  | {
      readonly type: "hello";
      readonly resumed: boolean;
      readonly actions: boolean;
      readonly token: boolean;
      readonly csrf: string | null;
      readonly user: string | null;
      readonly at: number;
    }
  | { readonly type: "instances"; readonly instances: readonly InstanceView[]; readonly at: number }
  /** At first what was seen of the last hour, older ones put together; then one a look. */
  | { readonly type: "samples"; readonly instance: string; readonly samples: readonly Sample[] }
  | { readonly type: "news"; readonly instance: string; readonly at: number; readonly news: News };

export interface InstanceView {
  readonly name: string;
  readonly unit: string | null;
  readonly status: StatusReport | null;
  /** Why it is not known. */
  readonly failure: string | null;
  /** It is not known because nothing runs: a config is there, or what was left of it. */
  readonly stopped: boolean;
}

/** One look, or several put together; rates are a second, of the time since the look before. Null: not measured. */
export interface Sample {
  /** Milliseconds since the epoch: the end of its time. */
  readonly at: number;
  readonly generations: readonly GenerationSample[];
  readonly listeners: readonly ListenerSample[];
  /** The longest of all workers. */
  readonly lagMs: number | null;
}

export interface GenerationSample {
  readonly generation: number;
  readonly phase: string;
  readonly requests: number | null;
  readonly failed: number | null;
  /** No rate: how many there are. */
  readonly open: number | null;
  readonly moved: number | null;
  readonly adopted: number | null;
}

export interface ListenerSample {
  readonly listener: string;
  readonly queued: number | null;
  readonly limit: number | null;
}

/** What the page is made of on the server. */
export interface PageView {
  readonly at: number;
  readonly instances: readonly InstanceView[];
  /** The one that the page is about; null: all of them at a glance. */
  readonly instance: string | null;
  /** Of that one, newest last. */
  readonly history: readonly HistoryEntry[];
}

/**
 * `dist/page/render.cjs` exports it as `renderPage`: a whole document, from `<!doctype html>` on, that takes its scripts and styles from
 * `/assets/…` alone. The files there are those of `dist/page/assets`; each has its hash in its name.
 */
export type RenderPage = (view: PageView) => string;
