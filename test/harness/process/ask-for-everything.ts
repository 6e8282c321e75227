import { encodeMessage } from "../../../src/channel/json.js";
import { PacketChannel } from "../../../src/channel/packet-channel.js";
import { Watcher } from "../../../src/linux/epoll.js";
import { closeFd } from "../../../src/linux/fd.js";
import { connectSeqpacket } from "../../../src/linux/seqpacket.js";
import { ownReach } from "../../../src/succession/reach.js";

/*
 * Asks at a takeover socket as another user: ask-for-everything.js PATH NAME UID PROTOCOL. Prints what comes of it: `no way in`, or how many
 * packets and fds came before the end.
 */

const [path = "", name = "", uid = "0", protocol = "2"] = process.argv.slice(2);
const standing = ownReach();
process.setgroups?.([]);
process.setgid?.(Number(uid));
process.setuid?.(Number(uid));

function connect(): number | undefined {
  try {
    return connectSeqpacket(path);
  } catch {
    return undefined;
  }
}

const fd = connect();
if (fd === undefined) {
  console.log("no way in");
} else {
  const watcher = new Watcher();
  watcher.ref();
  let packets = 0;
  let given = 0;
  const channel = new PacketChannel({
    fd,
    watcher,
    onPacket: ({ fds }) => {
      packets += 1;
      given += fds.length;
      fds.forEach(closeFd);
    },
    onClose: () => {
      console.log(`${packets} packets, ${given} fds`);
      watcher.close();
    },
  });
  channel.send(
    encodeMessage({ type: "take", protocol: Number(protocol), name, version: "9.9.9", ...standing }),
  );
}
