// What says that it is a router, and lies: by UPnP in one of these manners, and by NAT-PMP with answers that are none.
//   lying_router.mjs silent|endless|elsewhere|garbage HOST
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

const [manner, host] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const chunk = Buffer.alloc(65_536, '<root>')
const server = createServer((_, response) => {
  say({ type: 'asked' })
  response.on('error', () => undefined)
  if (manner === 'silent') return
  if (manner === 'garbage') return void response.end('<root><device><serviceList>&#x0;</root>')
  const pour = () => {
    while (response.writable && response.write(chunk));
    response.once('drain', pour)
  }
  pour()
})
server.listen(0, host, () => {
  const at = manner === 'elsewhere' ? `http://127.0.0.1:1/` : `http://${host}:${server.address().port}/description.xml`
  const ssdp = createSocket({ type: 'udp4', reuseAddr: true })
  ssdp.on('message', (_, { address, port }) => {
    const st = 'urn:schemas-upnp-org:device:InternetGatewayDevice:1'
    ssdp.send(`HTTP/1.1 200 OK\r\nST: ${st}\r\nUSN: uuid:1\r\nLOCATION: ${at}\r\n\r\n`, port, address)
  })
  ssdp.bind(1900, () => {
    ssdp.addMembership('239.255.255.250', host)
    const natPmp = createSocket('udp4')
    natPmp.on('message', (_bytes, { address, port }) => {
      say({ type: 'asked' })
      // One after the other: too short, of another kind, with a port that nobody has.
      for (const answer of [
        [0, 130],
        [9, 9, 9, 9],
        [0, 130, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0],
      ])
        natPmp.send(Uint8Array.from(answer), port, address)
    })
    natPmp.bind(5_351, host, () => say({ type: 'listening' }))
  })
})
process.stdin.resume().on('end', () => process.exit())
