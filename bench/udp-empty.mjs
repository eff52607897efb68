// The least that a UDP server in Node can do: it answers each datagram of an announce with as many bytes as a tracker
// does that sends 50 peers, and a connect with 16. It prints {"type":"listening","udp":N}.
import { createSocket } from 'node:dgram'

const answer = Buffer.alloc(320)
answer[3] = 1
const connected = Buffer.alloc(16)
const socket = createSocket('udp4')
socket.on('message', ({ length }, { address, port }) => socket.send(length === 16 ? connected : answer, port, address))
socket.bind(0, '127.0.0.1', () => console.log(JSON.stringify({ type: 'listening', udp: socket.address().port })))
