import { basename } from "node:path";
import { type Address, parseAddress } from "../../lib/address.js";
import { fail, type Result, succeed } from "../../lib/failure.js";
import type { HeldListeners, ListenersFailure } from "../../listeners/held-listeners.js";
import { addressesOf } from "../../listeners/reconcile.js";
import type { Action, ListenerWish } from "../../model/event.js";
import type { Listener, State } from "../../model/state.js";
import type { WorkerChannels } from "../../process/worker-channels.js";

/** Opens an address that an app wants and no config names. Fails as `HeldListeners.open` does, or with `address-invalid`. */
export function openWanted(
  { address: text }: ListenerWish,
  { listeners, nextListener }: State,
  sockets: HeldListeners,
): Result<Listener, ListenersFailure> {
  const address = parseAddress(text);
  if (!address.ok) return fail("listen-failed", address.failure.message);
  const declaration = { name: nameOf(address.value), address: address.value, backlog: null, mode: null };
  const opened = sockets.open(declaration, nextListener, addressesOf(listeners));
  return opened.ok ? succeed({ ...opened.value, origin: "app" }) : opened;
}

export function giveWanted(
  wish: Extract<Action, { readonly type: "give-listener" }>,
  sockets: HeldListeners,
  channels: WorkerChannels,
): void {
  const { request, result } = wish;
  const fd = result.ok ? sockets.fdOf(result.value.id) : undefined;
  const lost = fd === undefined ? "the listener is lost; upgrade to open it again" : null;
  channels.send(
    wish,
    {
      type: "listener",
      request,
      name: result.ok ? result.value.name : "",
      failure: result.ok ? lost : result.failure.message,
    },
    fd === undefined ? [] : [fd],
  );
}

/** In the fd store and in `status`, where it is to be seen that nobody has named it. */
function nameOf(address: Address): string {
  const own = address.kind === "unix" ? basename(address.path).replaceAll(/[^\w.-]/g, "_") : address.port;
  return `undeclared-${own}`;
}
