import { Server } from "node:net";

/**
 * Packages for socket activation (`systemd`) put a handle of an inherited fd into the server and then go on where `listen` would:
 * `_listen2`, which is not documented. There `take` is asked whether it makes the server listen on that fd in its own way.
 */
export function handOutPresetHandle(take: (server: Server, fd: number) => boolean): void {
  const goOn: unknown = Reflect.get(Server.prototype, "_listen2");
  if (typeof goOn !== "function") return;
  Reflect.set(Server.prototype, "_listen2", function (this: Server, ...args: unknown[]): unknown {
    const handle: unknown = Reflect.get(this, "_handle");
    const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
    if (typeof fd !== "number" || fd < 0) return Reflect.apply(goOn, this, args);
    // It is not closed: that would close the fd.
    Reflect.set(this, "_handle", null);
    if (take(this, fd)) return undefined;
    Reflect.set(this, "_handle", handle);
    return Reflect.apply(goOn, this, args);
  });
}
