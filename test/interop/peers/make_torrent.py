#!/usr/bin/python3
"""Make a folder of random files, and a .torrent of it with libtorrent: a maker that is not ours.

  make_torrent.py DIR NAME OUT.torrent --piece-length BYTES --file PATH=BYTES [--file ...] [--link PATH=TARGET] [--seed N]

One --file with the path "." makes a torrent of a single file called NAME; otherwise NAME is a folder.
Prints one JSON line about the torrent. Needs Debian's python3-libtorrent, so run it with /usr/bin/python3.
"""
import argparse
import json
import os
import random

import libtorrent as lt

arguments = argparse.ArgumentParser()
arguments.add_argument('dir')
arguments.add_argument('name')
arguments.add_argument('out')
arguments.add_argument('--piece-length', type=int, required=True)
arguments.add_argument('--file', action='append', required=True)
arguments.add_argument('--link', action='append', default=[], help='a symbolic link, which stays one in the .torrent')
arguments.add_argument('--format', choices=['v1', 'v2', 'hybrid'], default='v1')
arguments.add_argument('--bare', help='another .torrent of the same, without piece layers')
arguments.add_argument('--seed', type=int, default=1, help='of the random content, so that a run can be repeated')
options = arguments.parse_args()

generator = random.Random(options.seed)
root = os.path.join(options.dir, options.name)
for wanted in options.file:
    relative, size = wanted.rsplit('=', 1)
    path = root if relative == '.' else os.path.join(root, relative)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'wb') as file:
        left = int(size)
        while left > 0:
            count = min(left, 1 << 20)
            file.write(generator.randbytes(count))
            left -= count

for wanted in options.link:
    relative, target = wanted.rsplit('=', 1)
    os.symlink(target, os.path.join(root, relative))

storage = lt.file_storage()
links = lt.create_torrent.symlinks if options.link else 0
lt.add_files(storage, root, flags=links)
flags = links | {'v1': lt.create_torrent.v1_only, 'v2': lt.create_torrent.v2_only, 'hybrid': 0}[options.format]
maker = lt.create_torrent(storage, options.piece_length, flags)
lt.set_piece_hashes(maker, options.dir)
made = maker.generate()
with open(options.out, 'wb') as file:
    file.write(lt.bencode(made))
if options.bare:
    del made[b'piece layers']
    with open(options.bare, 'wb') as file:
        file.write(lt.bencode(made))

info = lt.torrent_info(options.out)
assert info.piece_length() == options.piece_length, f'libtorrent chose pieces of {info.piece_length()} bytes'
files = info.files()
size = sum(files.file_size(at) for at in range(files.num_files()) if not files.file_flags(at) & lt.file_storage.flag_pad_file)
hashes = info.info_hashes()
print(json.dumps({
    'infoHash': str(hashes.v1), 'infoHashV2': str(hashes.v2), 'bytes': size, 'pieces': info.num_pieces(),
}))
