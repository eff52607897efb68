"""
A link: a star of network namespaces, each with a TUN device, whose packets reach the others as over lines of the Internet.

    link.py NAME:DEVICE:HOST:LATENCY_US:UPLOAD:DOWNLOAD:LOSS:LINES...

What `tc netem` and `tbf` do in kernels that have them is done here: a packet waits for its sender's line, of so many
bytes a second (0 for no limit), in a queue that drops what finds no room; some are lost, by chance; and it arrives after
the latency of both ends, past the receiver's line and queue. LINES is `shared`, or `own` where each connection has a line
to itself in place of a share of one. Makes the devices, moves each to its namespace and says `ready`; ends with its
standard input.
"""

import fcntl
import heapq
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
MTU = 1500
# As much as routers commonly hold, and as `simulations` takes it to be.
QUEUE_SECONDS = 0.1
QUEUE_BYTES_MIN = 65_536
# What waits waits in a line's queue, however much of it comes at once: none of it is lost in the device.
DEVICE_PACKETS = 10_000
# Of one device, before the others have their turn.
PACKETS_AT_ONCE = 32
HURRIED = -10


class Line:
    """One way of an end: bytes a second, and until when it is busy."""

    def __init__(self, rate):
        self.rate = rate
        self.free_at = 0.0
        self.room = max(QUEUE_BYTES_MIN, rate * QUEUE_SECONDS) / rate if rate else 0.0

    def passed(self, now, size):
        """When it has come through; None, where there is no room for it."""
        if not self.rate:
            return now
        began = max(now, self.free_at)
        if began - now > self.room:
            return None
        self.free_at = began + size / self.rate
        return self.free_at


class End:
    def __init__(self, words):
        namespace, self.device, host, latency_us, upload, download, loss, lines = words.split(":")
        self.address = socket.inet_aton(host)
        self.latency = int(latency_us) / 1e6
        self.upload, self.down = float(upload), Line(float(download))
        self.owns, self.lines = lines == "own", {}
        self.loss = float(loss)
        self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH14x", self.device.encode(), IFF_TUN | IFF_NO_PI))
        for command in (
            ["link", "set", self.device, "netns", namespace],
            ["-n", namespace, "address", "add", host, "dev", self.device],
            ["-n", namespace, "link", "set", self.device, "mtu", str(MTU), "txqueuelen", str(DEVICE_PACKETS), "up"],
            # Congestion control as most machines have it, whatever this one's is.
            ["-n", namespace, "route", "add", "default", "dev", self.device, "src", host, "congctl", "cubic"],
        ):
            subprocess.run(["ip", *command], check=True)

    def up(self, packet):
        """The line that a packet takes; ports are behind the 20 bytes of a header without options."""
        connection = packet[20:24] if self.owns else b""
        if connection not in self.lines:
            self.lines[connection] = Line(self.upload)
        return self.lines[connection]


def main():
    ends = [End(words) for words in sys.argv[1:]]
    by_tun = {end.tun: end for end in ends}
    by_address = {end.address: end for end in ends}
    chance = random.Random()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, HURRIED)  # a line waits for no processor
    except OSError:
        pass
    watched = [0, *by_tun]
    coming = []  # (at, number, to, packet, whether it has passed the line of its receiver)
    number = 0
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        while coming and coming[0][0] <= now:
            at, _, end, packet, passed = heapq.heappop(coming)
            if not passed and end.down.rate:
                at = end.down.passed(at, len(packet))
                if at is not None:
                    number += 1
                    heapq.heappush(coming, (at, number, end, packet, True))
                continue
            try:
                os.write(end.tun, packet)
            except BlockingIOError:
                pass  # its queue in the system is full, as those of machines may be
        ready, _, _ = select.select(watched, [], [], max(0.0, coming[0][0] - now) if coming else None)
        for tun in ready:
            if tun == 0:
                return
            sender = by_tun[tun]
            for _ in range(PACKETS_AT_ONCE):
                try:
                    packet = os.read(tun, 65_535)
                except BlockingIOError:
                    break
                end = by_address.get(packet[16:20])
                if packet[0] >> 4 != 4 or end is None:
                    continue  # the kernel looks for neighbours and routers, of IPv6
                at = sender.up(packet).passed(time.monotonic(), len(packet))
                if at is None or chance.random() < sender.loss:
                    continue
                number += 1
                heapq.heappush(coming, (at + sender.latency + end.latency, number, end, packet, False))


main()
