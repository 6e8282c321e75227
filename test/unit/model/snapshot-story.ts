import type { Story } from "./story.js";

export const on = { snapshot: true };

export function ids(story: Story): (readonly [number, string])[] {
  return story.state.snapshots.map(({ id, phase }) => [id, phase] as const);
}

/** One more generation, of a release of its own. */
export function upgradeTo(story: Story, release: string, change = {}): Story {
  story
    .request()
    .candidate({ ...on, release, ...change })
    .allReady();
  const [old] = story.state.generations;
  return old !== undefined && old.id !== story.active ? story.end(old.id) : story;
}

/** The service was stopped, or the machine, and is started again; its release does not start. */
export function startAgain(story: Story): Story {
  story.send({ type: "stop-requested", fast: false }).end(story.state.generations[0]?.id ?? 0);
  for (const { id } of story.state.closing) story.send({ type: "listener-closed", id });
  return story.die([]);
}
