import type { HistoryEntry } from "../control/replies.js";
import type { FeedMessage, InstanceView, Sample } from "../web/feed.js";

export type NewsItem = Omit<Extract<FeedMessage, { type: "news" }>, "type" | "instance">;

/** All that the page shows: what the feed has said, by instance, and the histories that were asked for. */
export interface Seen {
  /** Null: nothing has been said yet. */
  readonly instances: readonly InstanceView[] | null;
  /** Of the last hour, oldest first. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** The last ones, newest first. */
  readonly news: ReadonlyMap<string, readonly NewsItem[]>;
  readonly histories: ReadonlyMap<string, readonly HistoryEntry[]>;
  /** Null: the web service offers this viewer no actions. */
  readonly actions: Access | null;
}

/** What goes with each action of this viewer. */
export interface Access {
  /** The one that `holdfast web-token` prints. */
  readonly token: boolean;
  readonly csrf: string | null;
  /** Who it is, as the proxy in front says. */
  readonly user: string | null;
}

export const nothingSeen: Seen = {
  instances: null,
  samples: new Map(),
  news: new Map(),
  histories: new Map(),
  actions: null,
};

export const hourMs = 3_600_000;
const newsKept = 200;

/** What is seen after `message`. A feed that begins anew takes nothing away: what it says again is the same, and is told by its time. */
export function take(seen: Seen, message: FeedMessage): Seen {
  switch (message.type) {
    case "hello": {
      const { actions, token, csrf, user } = message;
      return { ...seen, actions: actions ? { token, csrf, user } : null };
    }
    case "instances":
      return { ...seen, instances: message.instances };
    case "samples": {
      const { instance, samples } = message;
      return {
        ...seen,
        samples: set(seen.samples, instance, mergeSamples(seen.samples.get(instance) ?? [], samples)),
      };
    }
    case "news": {
      const { instance, at, news } = message;
      return {
        ...seen,
        news: set(seen.news, instance, mergeNews(seen.news.get(instance) ?? [], { at, news })),
      };
    }
    default:
      return message satisfies never;
  }
}

export function takeHistory(seen: Seen, instance: string, history: readonly HistoryEntry[]): Seen {
  return { ...seen, histories: set(seen.histories, instance, history) };
}

function mergeSamples(kept: readonly Sample[], more: readonly Sample[]): readonly Sample[] {
  const last = kept.at(-1)?.at ?? Number.NEGATIVE_INFINITY;
  const inOrder = more.every(({ at }) => at > last);
  const all = inOrder
    ? [...kept, ...more]
    : [...new Map([...more, ...kept].map((one) => [one.at, one])).values()].sort(
        (one, other) => one.at - other.at,
      );
  const since = (all.at(-1)?.at ?? 0) - hourMs;
  return all.filter(({ at }) => at >= since);
}

function mergeNews(kept: readonly NewsItem[], item: NewsItem): readonly NewsItem[] {
  const same = (one: NewsItem): boolean =>
    one.at === item.at && one.news.event === item.news.event && one.news.message === item.news.message;
  if (kept.some(same)) return kept;
  return [item, ...kept].sort((one, other) => other.at - one.at).slice(0, newsKept);
}

function set<T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(key, value);
}
