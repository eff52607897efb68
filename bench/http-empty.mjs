// The least that an HTTP server of Node's `http` can do: it answers each request with as many bytes as a tracker does that
// sends 50 peers. It prints {"type":"listening","http":N}.
import { createServer } from 'node:http'

const body = 'x'.repeat(430)
const headers = ['content-type', 'text/plain', 'content-length', `${body.length}`]
const server = createServer((_, response) => response.writeHead(200, headers).end(body, 'latin1'))
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ type: 'listening', http: server.address().port })))
