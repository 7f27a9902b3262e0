#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""soak.py RELAY-PID ALLOCATIONS SECONDS: many allocations for long; run by soak."""
import os
import random
import sys
import threading
import time

import turn

relay_pid, n, seconds = (int(x) for x in sys.argv[1:4])
RELAY, PEER = ("10.78.2.2", 3478), "10.78.2.9"
REFRESH_S, CHURN, DATA = 200, 20, 100		# of each; allocations and packets a second
GROWN, GROWN_KB = 1.02, 1024			# more than this is growth
tap = turn.Tap()
# which client does what is random, and can be had again
seed = int(os.environ.get("PH_SEED") or random.randrange(1 << 32))
chance = random.Random(seed)
print("# seed", seed, flush=True)


def status(name):
    with open(f"/proc/{relay_pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(name))


def echo():
    while True:
        p, who = peer.recvfrom(65536)
        peer.sendto(p, who)


def begin():
    """One in ten comes by TCP."""
    c = turn.Client(RELAY, via="tcp" if chance.randrange(10) == 0 else "udp")
    c.s.setsockopt(turn.socket.SOL_SOCKET, turn.socket.SO_RCVBUF, 4096)
    a = c.allocate()
    assert a is not None and a.code == 200, a and a.code
    assert c.bind(0x4000, peer_at).code == 200
    c.due = time.monotonic() + REFRESH_S * (0.8 + 0.2 * chance.random())
    return c


def end(c):
    if c.via == "udp":
        assert c.refresh(0).code == 200
    c.close()


def renew(c):
    assert c.refresh(600).code == 200 and c.bind(0x4000, peer_at).code == 200
    c.due += REFRESH_S


def talk(c):
    global asked, heard
    p = os.urandom(chance.randrange(1, 1200))
    c.channel(0x4000, p)
    asked += 1
    heard += c.data() == (0x4000, p)


def second(v):
    """A second's worth of work."""
    for _ in range(CHURN):
        i = chance.randrange(len(v))
        end(v[i])
        v[i] = begin()
    for c in chance.sample(v, DATA):
        talk(c)
    now = time.monotonic()
    for c in [c for c in v if c.due < now]:
        renew(c)


def mean(v):
    return sum(v) / len(v)


peer = turn.inside(relay_pid, lambda: turn.udp(PEER))
peer_at = peer.getsockname()[:2]
threading.Thread(target=echo, daemon=True).start()
asked = heard = made = 0
before, start = status("VmRSS"), time.monotonic()
empty = turn.files(relay_pid)
with tap(f"{n} allocations are made"):
    v = []
    while len(v) < n:
        v.append(begin())
print(f"# made in {time.monotonic() - start:.0f} s; {before} kB before, {status('VmRSS')} kB after,"
      f" {1024 * (status('VmRSS') - before) / n:.0f} bytes each, {turn.files(relay_pid)} files", flush=True)

start = said = time.monotonic()
warm = start + max(20, seconds / 10)
samples, worked = [], turn.cpu_s(relay_pid)
with tap("all live on, and what they say comes back"):
    while time.monotonic() < start + seconds:
        next_at = time.monotonic() + 1
        second(v)
        made += CHURN
        if time.monotonic() > warm:
            samples.append(status("VmRSS"))
        if time.monotonic() > said + seconds / 10:
            said = time.monotonic()
            print(f"# {said - start:.0f} s: {status('VmRSS')} kB, {turn.files(relay_pid)} files, {made} ended and"
                  f" began, {heard} of {asked} packets came back", flush=True)
        time.sleep(max(0, next_at - time.monotonic()))
    assert heard == asked, (asked, heard)
quarter = len(samples) // 4
with tap("memory is flat"):
    was, now = mean(samples[:quarter]), mean(samples[-quarter:])
    print(f"# {was:.0f} kB after the start, {now:.0f} kB at the end, {max(samples)} kB at most,"
          f" {100 * (turn.cpu_s(relay_pid) - worked) / seconds:.1f} % of a processor")
    assert now < max(was * GROWN, was + GROWN_KB), (was, now)
with tap("and when all have ended, so are their files"):
    for c in v:
        end(c)
    time.sleep(2.5)
    assert turn.files(relay_pid) <= empty + 1, (empty, turn.files(relay_pid))
os._exit(tap.failed > 0)
