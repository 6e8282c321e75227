import { namesOfConfigs } from "../config/config-files.js";
import { findRunning, type Running } from "../instances/find-running.js";
import type { Surroundings } from "../lib/directories.js";
import type { News } from "../model/event.js";
import type { InstanceView, Sample } from "./feed.js";
import { isBusy } from "./is-busy.js";
import { WatchedInstance } from "./watched-instance.js";

/** What is told of the instances as it is seen. */
export interface WatchListener {
  onInstances(instances: readonly InstanceView[]): void;
  onSample(instance: string, sample: Sample): void;
  onNews(instance: string, news: News): void;
}

export interface WatchOptions extends Surroundings {
  /** Instances with a config that do not run; those of the system unless told. */
  readonly configured?: () => readonly string[];
}

const calmMs = 1_000;
const busyMs = 250;
/** So long an instance that is slow to answer holds up what is told of the others; one that never has answered, longer. */
const patienceMs = 200;
const firstPatienceMs = 1_000;

/** Looks at all instances of the machine, once for everybody who wants to know, and only while it is on. */
export class Watch {
  readonly #options: WatchOptions;
  readonly #listener: WatchListener;
  readonly #instances = new Map<string, WatchedInstance>();
  #on = false;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #views: readonly InstanceView[] = [];
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: WatchOptions, listener: WatchListener) {
    this.#options = options;
    this.#listener = listener;
  }

  start(): void {
    if (this.#on) return;
    this.#on = true;
    this.#soon(0);
  }

  stop(): void {
    this.#on = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const instance of this.#instances.values()) instance.rest();
  }

  /** What was seen last. */
  get views(): readonly InstanceView[] {
    return this.#views;
  }

  /** Of the last hour. */
  samplesOf(name: string): readonly Sample[] {
    return this.#instances.get(name)?.samples ?? [];
  }

  /** Undefined where no such instance runs. */
  instance(name: string): WatchedInstance | undefined {
    return this.#find().find((one) => one.name === name);
  }

  /** What is seen now, or was a moment ago. */
  async look(): Promise<readonly InstanceView[]> {
    if (performance.now() - this.#lookedAt > calmMs) await this.#take();
    return this.#views;
  }

  #soon(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#take().then(
        () => this.#on && this.#soon(this.#views.some((view) => isBusy(view, Date.now())) ? busyMs : calmMs),
        (error: unknown) => {
          throw error;
        },
      );
    }, afterMs);
  }

  #take(): Promise<void> {
    this.#turn ??= this.#lookAtAll().finally(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  async #lookAtAll(): Promise<void> {
    const instances = this.#find();
    const looks = instances.map((instance) => {
      if (this.#on) instance.follow();
      return instance.look();
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => {
      timer = setTimeout(resolve, instances.every(({ known }) => known) ? patienceMs : firstPatienceMs);
    });
    await Promise.race([Promise.all(looks), patience]);
    clearTimeout(timer);
    const stopped = (this.#options.configured ?? namesOfConfigs)()
      .filter((name) => !this.#instances.has(name))
      .map((name): InstanceView => ({ name, unit: null, status: null, failure: notRunning, stopped: true }));
    this.#views = [...instances.map(({ view }) => view), ...stopped].sort((one, other) =>
      one.name < other.name ? -1 : 1,
    );
    this.#lookedAt = performance.now();
    this.#listener.onInstances(this.#views);
  }

  /** Those that run now; one that has gone is forgotten. */
  #find(): readonly WatchedInstance[] {
    const running = findRunning(this.#options);
    for (const [name, instance] of this.#instances) {
      if (running.some((one) => one.name === name)) continue;
      instance.rest();
      this.#instances.delete(name);
    }
    return running.map((one) => this.#instances.get(one.name) ?? this.#add(one));
  }

  #add({ name, address }: Running): WatchedInstance {
    const instance = new WatchedInstance(name, address, {
      onSample: (sample) => this.#listener.onSample(name, sample),
      onNews: (news) => {
        this.#listener.onNews(name, news);
        // What it tells of is to be seen at once.
        if (this.#on && this.#turn === undefined) this.#soon(busyMs / 5);
      },
    });
    this.#instances.set(name, instance);
    return instance;
  }
}

const notRunning = "it has a config, and does not run";
