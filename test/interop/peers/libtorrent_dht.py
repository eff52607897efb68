#!/usr/bin/python3
"""A libtorrent node of the DHT for the interoperability tests, on loopback or at --host; it says what it does in JSON lines.

  libtorrent_dht.py [--node HOST:PORT]... [--seed TORRENT DIR] [--get TORRENT DIR] [--put TEXT] [--find TARGET]
                    [--peer HOST:PORT]... [--no-dht] [--host ADDRESS]

It prints {"type":"listening","port":N} first; then {"type":"seeding"}, {"type":"done"}, {"type":"put","nodes"} or
{"type":"item","value"}, and stays until its standard input ends.
Needs Debian's python3-libtorrent, so run it with /usr/bin/python3.
"""
import argparse
import json
import os
import sys
import threading
import time

import libtorrent as lt

arguments = argparse.ArgumentParser()
arguments.add_argument('--node', action='append', default=[])
arguments.add_argument('--peer', action='append', default=[])
arguments.add_argument('--seed', nargs=2)
arguments.add_argument('--get', nargs=2)
arguments.add_argument('--put')
arguments.add_argument('--find')
arguments.add_argument('--no-dht', action='store_true')
arguments.add_argument('--host', default='127.0.0.1')
options = arguments.parse_args()


def say(line):
    print(json.dumps(line), flush=True)


def leave_with_the_test():
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


threading.Thread(target=leave_with_the_test, daemon=True).start()

session = lt.session({
    'listen_interfaces': f'[{options.host}]:0' if ':' in options.host else f'{options.host}:0',
    'outgoing_interfaces': options.host,
    'enable_dht': not options.no_dht, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
    'enable_outgoing_utp': False, 'enable_incoming_utp': False,
    'out_enc_policy': 2, 'in_enc_policy': 2,
    'dht_bootstrap_nodes': '',
    'dht_restrict_routing_ips': False, 'dht_restrict_search_ips': False, 'dht_ignore_dark_internet': False,
    'dht_enforce_node_id': False, 'dht_prefer_verified_node_ids': False,
    'allow_multiple_connections_per_ip': True, 'min_reconnect_time': 1, 'ssrf_mitigation': False,
    'alert_mask': lt.alert.category_t.all_categories,
})
while session.listen_port() == 0:
    time.sleep(0.01)
say({'type': 'listening', 'port': session.listen_port()})

handle = None
for role in ('seed', 'get'):
    given = getattr(options, role)
    if given is None:
        continue
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(given[0])
    params.save_path = given[1]
    if role == 'seed':
        params.flags |= lt.torrent_flags.seed_mode
    params.flags &= ~lt.torrent_flags.auto_managed
    params.flags &= ~lt.torrent_flags.paused
    params.flags |= lt.torrent_flags.override_trackers
    handle = session.add_torrent(params)

said = set()


def say_once(line):
    if line['type'] not in said:
        said.add(line['type'])
        say(line)


def say_item(item):
    value = item.get('value') if isinstance(item, dict) else item
    if isinstance(value, bytes):
        say_once({'type': 'item', 'value': value.decode()})


asked_at = 0
put = False
while True:
    for alert in session.pop_alerts():
        if isinstance(alert, lt.dht_put_alert) and alert.num_success > 0:
            say_once({'type': 'put', 'nodes': alert.num_success})
        if isinstance(alert, lt.dht_immutable_item_alert):
            say_item(alert.item)
        if os.environ.get('LOUD'):
            print(alert.what(), alert.message(), file=sys.stderr)
    if handle is not None:
        status = handle.status()
        if status.is_seeding:
            say_once({'type': 'seeding' if options.seed else 'done'})
        if options.peer and time.time() - asked_at > 1:
            for peer in options.peer:
                host, port = peer.rsplit(':', 1)
                handle.connect_peer((host.strip('[]'), int(port)), 0)
    if time.time() - asked_at > 1:
        asked_at = time.time()
        nodes = session.status().dht_nodes
        # Those of `dht_bootstrap_nodes` are taken for routers, which libtorrent keeps in no table.
        for node in options.node:
            host, port = node.rsplit(':', 1)
            session.add_dht_node((host.strip('[]'), int(port)))
        if nodes > 0:
            say_once({'type': 'joined', 'nodes': nodes})
        if nodes > 0 and handle is not None:
            handle.force_dht_announce()
        if nodes > 0 and options.put is not None and not put:
            put = True
            session.dht_put_immutable_item(options.put)
        if nodes > 0 and options.find is not None and 'item' not in said:
            session.dht_get_immutable_item(lt.sha1_hash(bytes.fromhex(options.find)))
    time.sleep(0.05)
