import type { DaemonMessage } from "../../channel/worker-messages.js";
import { type Failure, fail, type Result, succeed } from "../../lib/failure.js";
import { closeFd } from "../../linux/fd.js";
import type { InheritedFd } from "../../systemd/listen-fds.js";

type Answer = Extract<DaemonMessage, { readonly type: "listener" }>;

let wished = 0;

/** A question for a listener, until it is answered. */
export class ListenerWish {
  readonly request: number;
  result: Result<InheritedFd, Failure<"sockets-refused">> | undefined;

  constructor() {
    wished += 1;
    this.request = wished;
  }

  /** Whether the fds were taken over: the answer may be to an earlier question, or come twice. */
  take({ request, name, failure }: Answer, fds: readonly number[]): boolean {
    const [fd] = fds;
    if (request !== this.request || this.result !== undefined) return false;
    if (failure === null && fd !== undefined) {
      this.result = succeed({ fd, name });
      return true;
    }
    fds.forEach(closeFd);
    this.result = fail("sockets-refused", failure ?? "this process is out of file descriptors");
    return true;
  }
}
