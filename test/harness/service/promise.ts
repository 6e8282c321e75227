import { after, before, it } from "node:test";
import { messageOf } from "../../../src/lib/failure.js";
import { Container } from "../container/container.js";
import { describeOnReleases } from "../container/each-release.js";
import { RELEASES, type Release } from "../container/releases.js";
import { HarnessError } from "../harness-error.js";
import { WebService, type WebSetup } from "./web-service.js";

/** A test with a service of its own, which must also end cleanly. Its failure comes with the unit's journal. */
export type Promises = (name: string, setup: WebSetup, prove: (web: WebService) => Promise<void>) => void;

/** Declares the same promises for each Debian release of this run, with one container for all of them. */
export function onEachRelease(title: string, declare: (promise: Promises) => void): void {
  onReleases(title, RELEASES, declare);
}

/** The same for these releases, whichever the run is of. */
export function onReleases(
  title: string,
  releases: readonly Release[],
  declare: (promise: Promises) => void,
): void {
  describeOnReleases(title, releases, (release) => {
    let container: Container;
    before(async () => {
      container = await Container.boot(release);
    });
    after(() => container?.[Symbol.asyncDispose]());
    declare((name, setup, prove) => {
      it(name, () => keep(container, setup, prove));
    });
  });
}

async function keep(
  container: Container,
  setup: WebSetup,
  prove: (web: WebService) => Promise<void>,
): Promise<void> {
  const web = await WebService.install(container, setup);
  try {
    await prove(web);
    await web.end();
  } catch (cause) {
    const journal = await container.tellOf(web.unit);
    await web.end().catch(() => {});
    throw new HarnessError("broken-promise", `${messageOf(cause)}\n${journal}`, { cause });
  }
}
