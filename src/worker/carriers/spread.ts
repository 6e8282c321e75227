/** Acts on each, evenly over that time: clients that come back at once do not all come at once. Keeps no process alive. */
export function spread<T>(items: readonly T[], withinMs: number, act: (item: T) => void): void {
  items.forEach((item, position) => {
    setTimeout(() => act(item), (withinMs * position) / items.length).unref();
  });
}
