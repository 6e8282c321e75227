/** A promise that somebody else settles: Promise.withResolvers of ECMAScript 2024, which Node has from version 22 on. */
export function openPromise<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: settle };
}
