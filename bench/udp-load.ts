/** Running `udp-load.c`, which announces to a UDP tracker. */
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { benchFile, PEERS, type Server, SWARMS } from './servers.js'

const WINDOW = 64
/** Of an answer that holds 50 peers. */
const ANSWER_BYTES = 320

export const compileUdpLoad = (folder: string): string => {
  const program = path.join(folder, 'udp-load')
  execFileSync('cc', ['-O2', '-o', program, benchFile('udp-load.c')])
  return program
}

/** Announces answered in a second; with 0 seconds, each peer of each swarm announces once. */
export const udpLoad = (program: string, { name, udp }: Server, seconds: number): number => {
  const args = [udp, seconds, WINDOW, SWARMS, PEERS].map(String)
  const text = execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 })
  const said: { answered: number; failed: number; seconds: number; bytes: number } = JSON.parse(text)
  const isWhole = seconds === 0 || said.bytes === ANSWER_BYTES
  if (said.failed > 0 || !isWhole) throw new Error(`${name} did not answer as it should: ${text}`)
  return said.answered / said.seconds
}
