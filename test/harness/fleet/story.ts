import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { describeOnReleases } from "../container/each-release.js";
import { RELEASES, type Release } from "../container/releases.js";
import type { Fleet } from "./fleet.js";

/** Several containers boot for each file: one release, unless the run names another one. */
const RELEASE = RELEASES.length === 1 ? RELEASES : (["trixie"] as const);

/** What serves on every host when a story begins, and what did before. */
export interface Scene {
  readonly fleet: Fleet;
  readonly current: string;
  readonly previous: string;
}

/** Declares a test that ends with one version on every host, which it returns, and which the next one begins with. */
export type Story = (name: string, tell: (scene: Scene) => Promise<string>) => void;

/** Declares the stories of a fleet, all of them in one boot. */
export function onFleet(
  title: string,
  boot: (release: Release) => Promise<Fleet>,
  declare: (story: Story) => void,
): void {
  describeOnReleases(title, RELEASE, (release) => {
    let fleet: Fleet;
    let current: string;
    let previous: string;
    before(async () => {
      fleet = await boot(release);
      current = await fleet.build();
      previous = current;
      await fleet.startInstall(current).succeeds();
      assert.deepEqual(await fleet.versions(), fleet.all(current), "hosts that had nothing have the service");
    });
    after(() => fleet?.[Symbol.asyncDispose]());
    declare((name, tell) => {
      it(name, async () => {
        try {
          const version = await tell({ fleet, current, previous });
          if (version !== current) [previous, current] = [current, version];
          assert.deepEqual(await fleet.versions(), fleet.all(current));
        } catch (cause) {
          // One that fails does not take the others with it.
          await fleet.recover(current).catch((error: unknown) => {
            throw new AggregateError([cause, error], "the story has failed, and so has what was to end it");
          });
          throw cause;
        } finally {
          await Promise.all(fleet.hosts.map((host) => host.turnGood()));
        }
      });
    });
  });
}
