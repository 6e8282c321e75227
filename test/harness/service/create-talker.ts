import { ChatTalker } from "./chat-talker.js";
import { DatagramTalker } from "./datagram-talker.js";
import { LineTalker } from "./line-talker.js";
import type { TalkOptions } from "./talk-report.js";
import type { Talker, TalkTally } from "./talk-tally.js";
import { TortureTalker } from "./torture-talker.js";

/** Of those that torture, every fifth does so by UDP. */
const DATAGRAMS_EVERY = 5;

/** The talker number `index` of an app. */
export function createTalker(index: number, options: TalkOptions, tally: TalkTally): Talker {
  switch (options.app) {
    case "chat":
      return new ChatTalker(index, options, tally);
    case "lines":
      return new LineTalker(index, options, tally);
    case "torture": {
      const Kind = index % DATAGRAMS_EVERY === 0 ? DatagramTalker : TortureTalker;
      return new Kind(index, options, tally);
    }
    default:
      return options.app satisfies never;
  }
}
