#!/usr/bin/python3
"""A libtorrent peer for the interoperability tests; it says what it does in JSON lines.

  libtorrent_peer.py seed TORRENT DIR [--host H] [--port P]
  libtorrent_peer.py get  TORRENT|MAGNET DIR [--host H] [--port P] [--peer HOST:PORT]... [--trackers] [--lsd] [--stay]

Both print {"type":"listening","port":N}. `seed` then prints {"type":"seeding"} and serves until it is killed.
`get` prints {"type":"done",...} when every byte is stored and leaves, or with --stay goes on serving.
It ends when its standard input does, so that no peer outlives the test that started it.
Needs Debian's python3-libtorrent, so run it with /usr/bin/python3.
"""
import argparse
import json
import os
import resource
import sys
import threading
import time

import libtorrent as lt

arguments = argparse.ArgumentParser()
arguments.add_argument('role', choices=['seed', 'get'])
arguments.add_argument('torrent')
arguments.add_argument('dir')
arguments.add_argument('--host', default='127.0.0.1', help='the address to listen on and to dial from')
arguments.add_argument('--port', type=int, default=0)
arguments.add_argument('--peer', action='append', default=[])
arguments.add_argument('--trackers', action='store_true', help='announce to the trackers that the torrent names')
arguments.add_argument('--lsd', action='store_true', help='announce on the local network, and hear who else does')
arguments.add_argument('--upload-limit', type=int, default=0, help='bytes a second')
arguments.add_argument('--select', action='append', help='how the path of a file to fetch ends; no others then')
arguments.add_argument('--stay', action='store_true', help='go on serving after the last byte')
arguments.add_argument('--metadata', action='store_true', help='of a magnet: done when its metadata are there')
arguments.add_argument('--transport', choices=['tcp', 'utp'], default='tcp', help='the only one')
arguments.add_argument('--encryption', choices=['off', 'handshake', 'rc4'], default='off',
                       help='forced, of the handshake alone or of everything')
arguments.add_argument('--connections', type=int, default=200, help='the most')
arguments.add_argument('--seconds', type=float, default=120, help='of a download, after which it has failed')
options = arguments.parse_args()


def say(line):
    print(json.dumps(line), flush=True)


def leave_with_the_test():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


threading.Thread(target=leave_with_the_test, daemon=True).start()

session = lt.session({
    'listen_interfaces': f'{options.host}:{options.port}',
    'outgoing_interfaces': '' if options.host == '0.0.0.0' else options.host,
    'enable_dht': False, 'enable_lsd': options.lsd, 'enable_upnp': False, 'enable_natpmp': False,
    'enable_outgoing_utp': options.transport == 'utp', 'enable_incoming_utp': options.transport == 'utp',
    'enable_outgoing_tcp': options.transport == 'tcp', 'enable_incoming_tcp': options.transport == 'tcp',
    'out_enc_policy': 2 if options.encryption == 'off' else 0, 'in_enc_policy': 2 if options.encryption == 'off' else 0,
    'allowed_enc_level': 2 if options.encryption == 'rc4' else 1,
    'allow_multiple_connections_per_ip': True, 'connection_speed': 500, 'min_reconnect_time': 1,
    'upload_rate_limit': options.upload_limit, 'connections_limit': options.connections, 'ssrf_mitigation': False,
    'alert_mask': lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
})
# Peers on local networks escape the rate limits unless all addresses are put in the global class.
everyone = lt.ip_filter()
everyone.add_rule('0.0.0.0', '255.255.255.255', 1)
session.set_peer_class_filter(everyone)

if options.torrent.startswith('magnet:'):
    params = lt.parse_magnet_uri(options.torrent)
else:
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(options.torrent)
params.save_path = options.dir
if options.role == 'seed':
    params.flags |= lt.torrent_flags.seed_mode
params.flags &= ~lt.torrent_flags.auto_managed
params.flags &= ~lt.torrent_flags.paused
if not options.trackers:
    params.flags |= lt.torrent_flags.override_trackers
if options.select:
    files = params.ti.files()
    params.file_priorities = [
        4 if any(files.file_path(at).endswith(end) for end in options.select) else 0 for at in range(files.num_files())]
handle = session.add_torrent(params)


def dial():
    for peer in options.peer:
        host, port = peer.rsplit(':', 1)
        handle.connect_peer((host, int(port)), 0)


def report(alert):
    """Says what a test waits for, and what it needs when it fails."""
    if isinstance(alert, lt.listen_succeeded_alert) and alert.socket_type == getattr(lt.socket_type_t, options.transport):
        say({'type': 'listening', 'port': alert.port})
    elif isinstance(alert, (lt.listen_failed_alert, lt.torrent_error_alert, lt.file_error_alert)):
        say({'type': 'error', 'message': alert.message()})
        os._exit(1)
    elif isinstance(alert, (lt.tracker_error_alert, lt.peer_error_alert, lt.peer_disconnected_alert)):
        print(alert.message(), file=sys.stderr, flush=True)


start = time.monotonic()
dialled = start
finished = False
dial()
if options.role == 'seed':
    say({'type': 'seeding'})
while options.role == 'seed' or options.stay or not finished:
    session.wait_for_alert(1000 if options.role == 'seed' or finished else 20)
    for alert in session.pop_alerts():
        report(alert)
    if options.role == 'seed' or finished:
        continue
    now = time.monotonic()
    if handle.status().has_metadata if options.metadata else handle.status().is_finished if options.select else handle.status().is_seeding:
        finished = True
        seconds = now - start  # Before the disk is waited for: what other engines' figures end with too.
        handle.flush_cache()
        if options.stay:
            say({'type': 'done', 'bytes': handle.status().total_done, 'seconds': round(now - start, 3)})
    elif now - start > options.seconds:
        say({'type': 'error', 'message': f'only {handle.status().progress:.3f} of it after {options.seconds} s'})
        os._exit(1)
    elif now - dialled > 1:
        dial()
        dialled = now

size = handle.status().total_done
session.pause()
del handle
del session  # Waits for the disk, so that the files are whole when "done" is said.
usage = resource.getrusage(resource.RUSAGE_SELF)
say({
    'type': 'done',
    'bytes': size,
    'seconds': round(seconds, 3),
    'mibPerSecond': size / seconds / 1048576,
    'cpuSeconds': usage.ru_utime + usage.ru_stime,
    'rssMiB': usage.ru_maxrss / 1024,
})
os._exit(0)
