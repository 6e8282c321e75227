"""Both sides of a hand-over of connections between two workers (docs/worker-protocol.md, "Hand-over")."""

import os
import socket
import stat
import sys

from channel import Channel, close_all, read_memfd, unpack_state, write_memfd

BATCH_LIMIT = 50
UNACKNOWLEDGED_LIMIT = 2
ACKNOWLEDGE_S = 5


class Frozen:
    """A connection that nobody here reads from: its socket, and what goes along with it."""

    def __init__(self, sock, meta, unread=b"", unsent=b""):
        self.socket, self.meta, self.unread, self.unsent = sock, meta, unread, unsent


class Receiver:
    """Holds what one old worker sends until it says go, or is known to be dead; before that it reads from nothing."""

    def __init__(self, loop, peer, fd, servers, take_state, on_let_go, may_acknowledge, after_received):
        self.may_acknowledge, self.after_received = may_acknowledge, after_received
        self.peer, self.servers, self.take_state, self.on_let_go = peer, servers, take_state, on_let_go
        self.held, self.refusing = {}, False
        self.channel = Channel(loop, fd, self._take, self._lose, self._refuse)

    def _take(self, message, fds):
        if self.refusing and message["type"] not in ("go", "end"):
            return
        match message["type"]:
            case "prepare":
                self._prepare(message["batch"], message["items"], fds)
            case "go":
                self._adopt(self.held.pop(message["batch"]))
                if self.refusing and not self.held:
                    self.channel.drop("it broke the rules")
            case "state":
                self.take_state(unpack_state(message["entries"], fds))
                self.on_let_go(self.peer.name)
            case "end":
                self.channel.close()
                # What it has said no go for it has taken back.
                for held in self.held.values():
                    for _, frozen in held:
                        frozen.socket.close()
                self.held.clear()
                self._end()
            case other:
                raise ValueError(f"unknown type {other}")

    def _prepare(self, batch, items, fds):
        sizes = [item[key] for item in items for key in ("inputBytes", "outputBytes")]
        total = sum(sizes)
        if batch in self.held or not 1 <= len(items) <= BATCH_LIMIT or min(sizes) < 0:
            raise ValueError(f"a batch {batch} that cannot be")
        if len(fds) != len(items) + (total > 0):
            raise ValueError(f"batch {batch} of {len(items)} items and {total} bytes with {len(fds)} fds")
        data = read_memfd(fds[-1], total) if total > 0 else b""
        held, refused, kept, at = [], [], [], 0
        for position, (item, fd) in enumerate(zip(items, fds)):
            middle = at + item["inputBytes"]
            end = middle + item["outputBytes"]
            server = self._find(item["kind"], item["listener"])
            if server is None or not is_stream(fd):
                refused.append(position)
            else:
                kept.append(fd)
                held.append((server, Frozen(socket.socket(fileno=fd), item["meta"], data[at:middle], data[middle:end])))
            at = end
        fds[:] = [fd for fd in fds if fd not in kept]
        self.held[batch] = held
        if not self.may_acknowledge():
            return
        self.channel.send({"type": "received", "batch": batch, "refused": refused})
        self.after_received()

    def _find(self, kind, listener):
        return next((one for one in self.servers if (one.kind, one.listener) == (kind, listener)), None)

    def _adopt(self, held):
        for server, frozen in held:
            server.adopt(frozen)

    def _refuse(self, why):
        """Takes no more. What was acknowledged the old worker may have let go of already: its go still counts."""
        self.refusing = True
        if self.held:
            self.channel.end_sending()
        else:
            self.channel.drop(why)

    def _lose(self, why):
        print(f"lost worker {self.peer.name}: {why}", file=sys.stderr)
        held = [one for batch in self.held.values() for one in batch]

        def decide(ended):
            if ended:
                self._adopt(held)
                self._end()
            else:
                # It has taken them back and reads from them. Its state it may still change.
                for _, frozen in held:
                    frozen.socket.close()
            held.clear()

        self.peer.learn_fate(decide)

    def _end(self):
        self.peer.release()
        self.on_let_go(self.peer.name)


class Link:
    def __init__(self, loop, fd, on_message, on_close, on_breach):
        self.channel = Channel(
            loop,
            fd,
            lambda message, _: on_message(self, message),
            lambda why: on_close(self, why),
            lambda why: on_breach(self, why),
        )


class Sender:
    """Moves each connection as soon as it can be moved. Its copy stays open until the peer has acknowledged."""

    def __init__(self, loop, channel_fds, servers, exclusive, give_state, on_end, before_go):
        self.loop, self.servers, self.give_state, self.on_end = loop, servers, give_state, on_end
        self.before_go = before_go
        self.exclusive, self.successor_lives = exclusive, len(channel_fds) > 0
        self.state_sent = self.ended = self.scheduled = False
        self.held, self.batches, self.staying, self.next_batch = [], {}, set(), 1
        self.links = [Link(loop, fd, self._take, self._lose, self._withdraw) for fd in channel_fds]
        if not exclusive:
            self._send_state()
        self.look()

    def look(self):
        """Something may have become movable, or have ended."""
        if not self.scheduled:
            self.scheduled = True
            self.loop.call_soon(self._pump)

    def _pump(self):
        self.scheduled = False
        if self.ended:
            return
        if not self.state_sent:
            # First all requests finish, and no new one begins; then the state is nobody's but the next worker's.
            self._hold(None)
            if any(server.in_flight for server in self.servers) and self.links:
                return
            self._send_state()
        while self.links and len(self.batches) < UNACKNOWLEDGED_LIMIT and self._send_batch():
            pass
        if not self.links:
            for part in self.held:
                self._take_back(part)
            self.held.clear()
        if not self.held and not self.batches and not any(server.connections for server in self.servers):
            self._finish()

    def _hold(self, limit):
        for server in self.servers:
            if server not in self.staying:
                self.held += [(server, frozen) for frozen in server.freeze(limit)]

    def _send_batch(self):
        if not self.held:
            self._hold(BATCH_LIMIT)
        parts, self.held = self.held[:BATCH_LIMIT], self.held[BATCH_LIMIT:]
        if not parts:
            return False
        batch, self.next_batch = self.next_batch, self.next_batch + 1
        link = self.links[batch % len(self.links)]
        fds = [frozen.socket.fileno() for _, frozen in parts]
        residual = b"".join(frozen.unread + frozen.unsent for _, frozen in parts)
        memory = [write_memfd("residual", residual)] if residual else []
        # What goes along with these connections is small: fifty of them fit into a packet.
        items = [describe(server, frozen) for server, frozen in parts]
        link.channel.send({"type": "prepare", "batch": batch, "items": items}, fds + memory)
        close_all(memory)
        self.batches[batch] = (link, parts, self.loop.call_later(ACKNOWLEDGE_S, self._lapse, link, batch))
        return True

    def _send_state(self):
        self.state_sent = True
        if not self.links:
            return
        entries, fd = self.give_state()
        self.links[0].channel.send({"type": "state", "entries": entries}, [] if fd is None else [fd])
        if fd is not None:
            os.close(fd)
        for link in self.links[1:]:
            link.channel.send({"type": "state", "entries": []})

    def _take(self, link, message):
        batch, refused = message["batch"], set(message["refused"])
        owner, parts, overdue = self.batches.get(batch, (None, [], None))
        if message["type"] != "received" or owner is not link or not refused <= set(range(len(parts))):
            raise ValueError(f"it acknowledged batch {batch}, which it was not sent")
        self.before_go(link.channel)
        # A peer that is gone will never read from them, although it had acknowledged.
        if link.channel.is_deserted():
            return
        overdue.cancel()
        del self.batches[batch]
        for position, (server, frozen) in enumerate(parts):
            if position not in refused:
                frozen.socket.close()
                server.counters["moved"] += 1
        link.channel.send({"type": "go", "batch": batch})
        for position in refused:
            self.staying.add(parts[position][0])
            self._take_back(parts[position])
        self.look()

    def _lapse(self, link, batch):
        # It may have been this process that stood still.
        link.channel.hear()
        if batch in self.batches:
            self._withdraw(link, f"it has not acknowledged batch {batch} within {ACKNOWLEDGE_S} s")

    def _withdraw(self, link, why):
        """
        Nothing more goes to a peer that lives. It may find what it was sent in its queue when this process has long ended,
        so that is this worker's again only when `end` is in the queue behind it.
        """
        if link not in self.links:
            return
        if link in (owner for owner, _, _ in self.batches.values()):
            self.links.remove(link)
            link.channel.finish({"type": "end"}, lambda: self._lose(link, why, True))
        else:
            link.channel.drop(why)

    def _lose(self, link, why, alive=False):
        """What a peer was not told `go` for it does not read from: dead, it holds nothing; alive, it closes its copies."""
        print("lost a new worker:", why, file=sys.stderr)
        self.successor_lives = alive
        if link in self.links:
            self.links.remove(link)
        for batch in [batch for batch, (owner, _, _) in self.batches.items() if owner is link]:
            _, parts, overdue = self.batches.pop(batch)
            overdue.cancel()
            self.held += parts
        # To another peer; where there is none they are this worker's again.
        self.look()

    def _take_back(self, part):
        server, frozen = part
        if self.exclusive and self.state_sent and self.successor_lives:
            # The state is another worker's: nothing more is served with it here.
            server.counters["cut"] += 1
            frozen.socket.close()
        else:
            server.take_back(frozen)

    def _finish(self):
        self.ended = True
        for link in self.links:
            link.channel.send({"type": "end"})
            link.channel.close()
        self.on_end()


def describe(server, frozen):
    sizes = {"inputBytes": len(frozen.unread), "outputBytes": len(frozen.unsent)}
    return {"kind": server.kind, "listener": server.listener, "meta": frozen.meta, **sizes}


def is_stream(fd):
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return False
    with socket.socket(fileno=os.dup(fd)) as copy:
        return copy.type == socket.SOCK_STREAM
