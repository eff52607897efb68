/**
 * The causes: every reason that an explanation can give, with a stable code, what it means, and what would change it.
 *
 * One table is the documentation and the type of the codes.
 */

const cause = (meaning: string, remedy?: string) => ({ meaning, remedy })

export const CAUSES = {
  // The transfer.
  complete: cause('Every piece that is wanted is stored.'),
  'not-running': cause('No process has the transfer open.', 'Add it to an engine again, with `get` or `seed`.'),
  starting: cause('The session has begun, and its files are yet to be looked at.'),
  ending: cause('The session is being closed.'),
  paused: cause('The user paused the transfer.', 'Resume it.'),
  queued: cause(
    'As many transfers are active as the engine allows, and others come first.',
    'Wait until one of them is complete, paused or gone; or let more be active, or move this one up the queue.',
  ),
  'enough-seeded': cause('The ratio or the time to seed that the user set was reached.', 'Raise it, and resume.'),
  'disk-full': cause('No space is left for the data.', 'Make room on the disk, then resume the transfer.'),
  'disk-failed': cause(
    'Files could not be read or written.',
    'See to the disk and to the rights of the folder, then resume the transfer.',
  ),
  'being-checked': cause('What is on disk is being read and hashed.'),
  'being-moved': cause('The files are being moved to another folder; each waits while it is moved itself.'),
  downloading: cause('Blocks are coming.'),
  'rate-limited': cause('The download limit is used up.', 'Raise the download limit.'),
  'own-rate-limited': cause('The download limit of this transfer is used up.', 'Raise the limit of the transfer.'),
  wasteful: cause('A good part of what came was of no use.'),

  // Metadata.
  'metadata-unknown': cause(
    'Only the hash of the torrent is known, and peers are asked for its metadata (BEP 9).',
    'Add its .torrent file.',
  ),
  'metadata-coming': cause('Pieces of the metadata are on order from peers, or all of them are here.'),
  'metadata-on-parole': cause('Metadata were wrong before, and are fetched from one peer alone to find out who lied.'),
  'metadata-nowhere': cause('No peer that we are connected to has the metadata.', 'A peer that has them must come.'),
  'metadata-refused': cause('The peers that have the metadata do not hand them over just now.'),
  'metadata-rejected': cause('The hash of metadata that came whole was wrong.'),
  'metadata-unusable': cause(
    'The metadata are right, and are none that a torrent could be downloaded by.',
    'Nothing on our side: whoever made the torrent must make another.',
  ),

  // Finding peers.
  'no-peers': cause('There is no connection to any peer.'),
  connecting: cause('Connections are being opened.'),
  'connections-full': cause(
    'The engine has as many connections as all of its transfers may have together, and dials wait for room.',
    'Let it have more (`connections`).',
  ),
  private: cause('The torrent is private: only its trackers may name peers (BEP 27).'),
  'no-trackers': cause('The torrent has no tracker.', 'Add a tracker, or the address of a peer.'),
  'tracker-asked': cause('A tracker was asked and has not answered yet.'),
  'tracker-failed': cause('A tracker did not answer, or refused.', 'See whether the tracker is there, or add another.'),
  'tracker-knows-nobody': cause('A tracker answered and named no peer.', 'Wait for others to come, or add a tracker.'),
  'tracker-answered': cause('A tracker answered and named peers.'),
  'offers-unanswered': cause(
    'Trackers were given offers of connections (WebRTC) to pass on, and nobody has answered one.',
    'Wait for peers that speak WebRTC to come; those of other trackers do not.',
  ),
  'introductions-failed': cause(
    'Peers whom trackers introduced (WebRTC) could not be reached.',
    'Name a STUN server (`stunServers`), where one of both is behind a router.',
  ),
  'dht-unreached': cause(
    'No node of the DHT is known that answers.',
    'See whether UDP goes through, or name a node with `dhtBootstrap`.',
  ),
  'dht-asked': cause('The DHT was asked for peers and has not answered yet.'),
  'dht-failed': cause('No node of the DHT answered the question for peers.'),
  'dht-knows-nobody': cause('The DHT answered and named no peer.', 'Wait for others to come.'),
  'dht-answered': cause('The DHT answered and named peers.'),
  'dials-failed': cause('Peers could not be reached.', 'They may be gone, or be behind a NAT.'),
  'no-way-out': cause(
    'This machine has no way to the peers that were dialed last.',
    "See whether the machine's network is up.",
  ),
  'all-silent': cause(
    'No peer has sent anything for a while, although blocks are on order.',
    "See whether the machine's network is up.",
  ),
  'proxy-failed': cause(
    'The proxy cannot be reached, or refuses.',
    'See whether the proxy is there, and its user is right.',
  ),
  'encryption-refused': cause(
    'Peers have no encryption, which this engine requires.',
    'Let encryption be preferred instead of required.',
  ),
  'waiting-to-dial': cause('Peers that could not be reached are tried again later.'),
  'addresses-blocked': cause(
    'Addresses on the blocklist were turned away.',
    'Take them off the blocklist, if they are wanted.',
  ),
  'web-seed-asked': cause('A web seed is being asked for pieces.'),
  'web-seed-failed': cause(
    'A web seed did not give what it was asked for.',
    'See whether the server is there and has the files, or add another web seed.',
  ),
  'web-seed-lacks': cause('A web seed does not have a file.', 'Put the file there, or add another web seed.'),
  'banned-peers': cause('Peers that sent wrong blocks are let in no more.'),
  'port-unreachable': cause(
    'Nobody connected to us in this session, and no router lets others in.',
    'Forward the port at the router, or switch on UPnP or NAT-PMP there.',
  ),

  // Pieces.
  stored: cause('The piece is stored.'),
  'waiting-for-commit': cause('The piece is written, and told to nobody before the log has committed that.'),
  'not-selected': cause('The piece is part of no file that was selected.', 'Select a file that it is part of.'),
  'block-here': cause('The block came.'),
  'being-fetched': cause('Blocks are on order from a peer.'),
  'holder-slow': cause('The peer that blocks are on order from is slow.', 'A faster peer would be asked for them.'),
  'holder-snubbed': cause('The peer that blocks are on order from has sent none for a minute.'),
  'hash-failed': cause('The piece came whole and its hash was wrong.'),
  'on-parole': cause('The piece was spoiled before, and is fetched from one peer alone to find out who did it.'),
  'waiting-for-hash': cause('Every block is here, and the piece is being hashed.'),
  'waiting-for-disk': cause('The hash is right, and the piece is being written.', 'A faster disk would help.'),
  'nobody-has-it': cause('No peer that we are connected to has it.', 'A peer that has it must come.'),
  'had-it-last': cause('Who had it last, and when that connection ended.'),
  choked: cause(
    'Every peer that has it chokes us.',
    'Wait for a slot of theirs: those who upload more get one sooner; more peers would help too.',
  ),
  refused: cause('The peer that has it refused a request just now, and is asked again in a moment.'),
  'pipeline-full': cause('The peers that have it are busy with what was asked of them before.'),
  'too-many-in-flight': cause('As many pieces are in flight as there are buffers for.'),
  'rarer-first': cause('Pieces that fewer peers have come first (BEP 3).'),
  'in-order': cause('Pieces are fetched in order, and earlier ones are missing.', 'Switch the sequential order off.'),
  next: cause('Nothing is in the way: the piece is asked for as soon as there is room.'),

  // Peers.
  'never-met': cause('The log has never heard of this address.', 'Add it as a peer.'),
  'not-connected': cause('The address is known, and there is no connection now.'),
  'dial-failed': cause('The last attempt to connect failed.'),
  'rendezvous-asked': cause('Another peer, who knows it, was asked to have it dial us at the same moment (BEP 55).'),
  'rendezvous-failed': cause(
    'Who named it cannot have it dial us.',
    'It may be gone, or let a router forward its port.',
  ),
  'hole-punched': cause('Both of us dialed at the same moment, as another peer told us to (BEP 55).'),
  introduced: cause('A tracker introduced it and us to each other, and the connection is one of WebRTC.'),
  closed: cause('The connection ended.'),
  blocked: cause('The address is on the blocklist.', 'Take it off the blocklist, if it is wanted.'),
  banned: cause('The address sent wrong blocks and is banned.'),
  dialing: cause('A connection is being opened.'),
  'shaking-hands': cause('The connection is open, and the peer has not shaken hands yet.'),
  'nothing-for-us': cause('The peer has no piece that we want and lack.'),
  'chokes-us': cause('The peer chokes us.', 'Upload more to it, or wait for its optimistic slot.'),
  'serves-us': cause('The peer serves us.'),
  'snubs-us': cause('The peer has sent no block for a minute although we asked.'),
  'round-trips': cause(
    'The peer lets so few requests wait that round trips bound its rate.',
    'Nothing on our side: the peer says how many requests it takes (`reqq`, BEP 10).',
  ),
  'wants-nothing': cause('The peer wants nothing from us.'),
  'we-choke-it': cause('We choke the peer: the slots go to others.', 'Slots go to those who give the most.'),
  'we-serve-it': cause('We serve the peer.'),
  'waits-for-us': cause('The peer has asked for blocks that it has not got yet.'),
  'sent-waste': cause('Some of what the peer sent was of no use.'),
} as const satisfies Readonly<Record<string, { readonly meaning: string; readonly remedy: string | undefined }>>

export type CauseCode = keyof typeof CAUSES
export const CAUSE_CODES = Object.keys(CAUSES) as readonly CauseCode[] // the table's own keys
