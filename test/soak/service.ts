import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { residentBytes } from "../../src/linux/pidfd.js";
import { HarnessError } from "../harness/harness-error.js";
import { fdsAtRest, gust, patient } from "../harness/process/calm.js";
import { countFds } from "../harness/process/open-fds.js";
import type { RequestLoop } from "../harness/process/requests.js";
import { Rig } from "../harness/process/rig.js";
import { SmallDisk } from "../harness/process/small-disk.js";
import { type Blow, Storm } from "../harness/process/storm.js";

export interface Climate {
  readonly name: string;
  readonly native: boolean;
  readonly kinds: readonly Blow[];
  /** Whether one daemon lives through all of it. */
  readonly livesOn: boolean;
  /** Its disk can be filled. */
  readonly smallDisk: boolean;
  /** Storms in a row, with a look after each. */
  readonly gusts: number;
}

const blows = 30;

/** What a service is found with when it has come to rest. */
export interface Sample {
  readonly upgrades: number;
  readonly answered: number;
  readonly failed: number;
  readonly killed: number;
  readonly fds: number;
  readonly processes: number;
  readonly files: number;
  readonly residentBytes: number;
}

/** Each of the load's two clients may have had a request in a worker that was killed. */
const clients = 2;

/** A service in storms, under load, from its start to its end. */
export class SoakedService implements AsyncDisposable {
  readonly climate: Climate;
  readonly samples: Sample[] = [];
  readonly #rig: Rig;
  readonly #disk: SmallDisk | undefined;
  readonly #load: RequestLoop;
  readonly #storm: Storm;
  readonly #seed: number;
  readonly #fds: number;

  private constructor(
    climate: Climate,
    rig: Rig,
    seed: number,
    parts: { readonly disk: SmallDisk | undefined; readonly fds: number },
  ) {
    this.climate = climate;
    this.#rig = rig;
    this.#seed = seed;
    this.#disk = parts.disk;
    this.#fds = parts.fds;
    this.#load = rig.load();
    this.#storm = new Storm(rig, seed, parts.disk);
  }

  static async start(climate: Climate, seed: number): Promise<SoakedService> {
    const rig = new Rig({ native: climate.native, workers: 2, config: patient });
    const disk = climate.smallDisk ? new SmallDisk(rig.stateDirectory) : undefined;
    await rig.manager.startReady();
    return new SoakedService(climate, rig, seed, { disk, fds: await fdsAtRest(rig) });
  }

  /** One gust; throws with all that was done when something is not as before. */
  async weather(): Promise<Sample> {
    const { name, kinds, livesOn } = this.climate;
    try {
      await gust(this.#rig, this.#storm, this.#fds, blows, kinds);
      if (livesOn) assert.equal(this.#storm.restarts, 0, "the daemon has ended");
      const sample = await this.#look();
      this.samples.push(sample);
      return sample;
    } catch (cause) {
      const told = this.#storm.told.slice(-3 * blows).join("\n");
      throw new HarnessError("storm", `${name}, seed ${this.#seed}\n${told}\n${this.#rig.manager.log()}`, {
        cause,
      });
    }
  }

  async #look(): Promise<Sample> {
    const { pid, generations } = await this.#rig.status();
    const workers = generations.flatMap((one) => one.workers.map(({ name }) => name)).sort();
    assert.deepEqual(this.#rig.processes().length, 1 + workers.length, "a process is left over");
    assert.deepEqual(readdirSync(join(this.#rig.runtimeDirectory, "notify")).sort(), workers);
    const files = [...listFiles(this.#rig.stateDirectory), ...listFiles(this.#rig.runtimeDirectory)];
    assert.deepEqual(files.filter(isLeftOver), []);
    const { failures, answered } = this.#load;
    const allowed = clients * this.#storm.killed;
    assert.ok(
      failures.length <= allowed,
      `${failures.length} requests failed:\n${failures.slice(-20).join("\n")}`,
    );
    return {
      upgrades: this.#storm.version,
      answered,
      failed: failures.length,
      killed: this.#storm.killed,
      fds: countFds(pid),
      processes: this.#rig.processes().length,
      files: files.length,
      residentBytes: residentBytes(pid) ?? 0,
    };
  }

  /** The service is stopped, and nothing of it is there any more. */
  async stop(): Promise<void> {
    await this.#load.stop();
    const { code } = await this.#rig.manager.stop();
    assert.equal(code, 0);
    await this.#rig.manager.waitFor("the end of all processes", () => this.#rig.processes().length === 0);
    assert.deepEqual(listFiles(join(this.#rig.runtimeDirectory, "notify")), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#load[Symbol.asyncDispose]();
    this.#disk?.[Symbol.dispose]();
    await this.#rig[Symbol.asyncDispose]();
  }
}

/** A worker that starts removes what another one that was killed has begun to write, but not before it is this old. */
const abandonedMs = 120_000;

/** Half written, set aside, or filled in by the storm. */
function isLeftOver(path: string): boolean {
  if (/\/app\/.*\.new$/.test(path)) {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && Date.now() - stats.mtimeMs > abandonedMs;
  }
  return /\.new$|\.(damaged|foreign|newer|unreadable)-|\.oldbin$|\/filling$|\/written\//.test(path);
}

/** The releases' own are counted by the accounts. */
function listFiles(top: string): string[] {
  if (!existsSync(top)) return [];
  return readdirSync(top, { withFileTypes: true }).flatMap((entry) => {
    const path = join(top, entry.name);
    return entry.isDirectory() && entry.name !== "releases" ? listFiles(path) : [path];
  });
}
