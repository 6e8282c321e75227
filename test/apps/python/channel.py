"""The channels of the worker protocol (docs/worker-protocol.md): JSON packets with fds on AF_UNIX SEQPACKET sockets."""

import array
import errno
import hashlib
import json
import os
import select
import socket
import stat

PACKET_LIMIT = 65536
FD_LIMIT = 253
STATE_LIMIT = 64 * 1024 * 1024
PACKETS_PER_TURN = 16
RETRY_S = 0.005
DYING_S = 5

# The queue is full, too many fds are on their way, or the kernel is out of room: all of these pass.
FULL = {errno.EAGAIN, errno.ETOOMANYREFS, errno.ENOBUFS, errno.ENOMEM}


class Channel:
    """
    One end. `on_message(message, fds)` takes the fds it keeps out of the list; the rest are closed after it. There are
    fewer than were sent when this process is out of fds. What it raises for a message that breaks the rules goes to
    `on_breach(why)`, which drops the channel unless the owner says otherwise. `on_close(why)` is called once, after all
    that the peer had sent.
    """

    def __init__(self, loop, fd, on_message, on_close, on_breach=None):
        self.loop, self.on_message, self.on_close = loop, on_message, on_close
        self.on_breach = on_breach or self.drop
        self.socket = socket.socket(fileno=fd)
        self.socket.setblocking(False)
        self.waiting = []
        self.closed = False
        self.on_finished = None
        loop.add_reader(fd, self._receive)

    def send(self, message, fds=()):
        """Sends copies of the fds: the caller may close its own at once."""
        packet = json.dumps(message).encode()
        if self.closed or (not self.waiting and self._try(packet, fds)):
            return
        self.waiting.append((packet, [os.dup(fd) for fd in fds]))
        if len(self.waiting) == 1:
            self.loop.call_later(RETRY_S, self._flush)

    def close(self):
        if self.closed:
            return
        self.closed = True
        for _, fds in self.waiting:
            close_all(fds)
        # Before it is closed: epoll goes on watching a socket of which somebody else has a copy.
        self.loop.remove_reader(self.socket.fileno())
        self.socket.close()

    def finish(self, last_word, on_finished):
        """Hears nothing any more, and closes when the last word is in the peer's queue, or the peer is gone."""
        self.loop.remove_reader(self.socket.fileno())
        self.on_finished = on_finished
        self.send(last_word)
        self._end_when_said()

    def is_deserted(self):
        """Whether the peer has closed its end, dead or alive, whatever it had sent before and is still to be read."""
        poll = select.poll()
        poll.register(self.socket, 0)
        return any(event & select.POLLHUP for _, event in poll.poll(0))

    def hear(self):
        """Takes all that the peer has said up to now."""
        while not self.closed and self.on_finished is None and self._receive_one():
            pass

    def end_sending(self):
        """The peer reads the end; what it had sent until then still arrives."""
        if not self.closed:
            self.socket.shutdown(socket.SHUT_WR)

    def drop(self, why):
        if not self.closed:
            self.close()
            self.on_close(why)

    def _end_when_said(self):
        if self.on_finished is not None and not self.waiting and not self.closed:
            self.close()
            self.on_finished()

    def _try(self, packet, fds):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            self.socket.sendmsg([packet], rights, socket.MSG_NOSIGNAL)
        except OSError as error:
            # A peer that is gone is noticed by reading, after everything that it had sent.
            return error.errno not in FULL
        return True

    def _flush(self):
        while self.waiting and not self.closed:
            packet, fds = self.waiting[0]
            if not self._try(packet, fds):
                self.loop.call_later(RETRY_S, self._flush)
                return
            self.waiting.pop(0)
            close_all(fds)
        self._end_when_said()

    def _receive(self):
        for _ in range(PACKETS_PER_TURN):
            if self.closed or self.on_finished is not None or not self._receive_one():
                return

    def _receive_one(self):
        room = socket.CMSG_SPACE(FD_LIMIT * array.array("i").itemsize)
        try:
            packet, control, flags, _ = self.socket.recvmsg(PACKET_LIMIT, room, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            # The first word of a peer that died with unread packets; what it had sent comes after it.
            return True
        fds = array.array("i")
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        fds = fds.tolist()
        try:
            if not packet:
                self.drop("the peer is gone")
            elif flags & socket.MSG_TRUNC:
                self.drop(f"a packet of over {PACKET_LIMIT} bytes")
            else:
                self.on_message(json.loads(packet), fds)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self.on_breach(f"it broke the rules: {error!r}")
        finally:
            close_all(fds)
        return True


class Peer:
    """The process at the other end of a hand-over. Only one that is known to be dead has let go of its connections."""

    def __init__(self, loop, name, pid):
        self.loop, self.name, self.asked, self.timer = loop, name, None, None
        try:
            self.pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            self.pidfd = None
        else:
            loop.add_reader(self.pidfd, self._end)

    def learn_fate(self, told):
        """Calls back with whether the process has ended, once that is certain; if not, once more when it has."""
        if self.pidfd is None:
            told(True)
            return
        self.asked = told
        # A process closes its sockets a moment before it has ended.
        self.timer = self.loop.call_later(DYING_S, self._answer, False)

    def release(self):
        if self.timer is not None:
            self.timer.cancel()
        if self.pidfd is not None:
            self.loop.remove_reader(self.pidfd)
            os.close(self.pidfd)
            self.pidfd = None

    def _end(self):
        self.release()
        self._answer(True)

    def _answer(self, ended):
        if self.asked is not None:
            self.asked(ended)


def write_memfd(name, data):
    """A memfd of these bytes, the caller's to close."""
    fd = os.memfd_create(name)
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return fd


def read_memfd(fd, total):
    """Raises ValueError unless the fd is a file of exactly that many bytes. The offset is the sender's: use none."""
    facts = os.fstat(fd)
    if not stat.S_ISREG(facts.st_mode) or facts.st_size != total or total > STATE_LIMIT:
        raise ValueError(f"an fd that does not hold {total} bytes")
    data = b""
    while len(data) < total:
        part = os.pread(fd, total - len(data), len(data))
        if not part:
            raise ValueError("a file that ends early")
        data += part
    return data


def pack_state(values):
    """`{name: (version, value)}` as entries and a memfd; None for no values."""
    entries, data = [], b""
    for name, (version, value) in values.items():
        part = json.dumps(value).encode()
        digest = hashlib.sha256(part).hexdigest()
        entries.append({"name": name, "version": version, "bytes": len(part), "sha256": digest})
        data += part
    return entries, write_memfd("app-state", data) if entries else None


def unpack_state(entries, fds):
    """The opposite. Raises ValueError for what did not arrive whole."""
    if not entries:
        return {}
    data = read_memfd(fds[0], sum(entry["bytes"] for entry in entries)) if fds else b""
    values, at = {}, 0
    for entry in entries:
        part = data[at : at + entry["bytes"]]
        at += entry["bytes"]
        if hashlib.sha256(part).hexdigest() != entry["sha256"]:
            raise ValueError(f"the state {entry['name']} is damaged")
        values[entry["name"]] = (entry["version"], json.loads(part))
    return values


def close_all(fds):
    for fd in fds:
        os.close(fd)
