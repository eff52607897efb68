/** UPnP: asks the router to let others in, each time in a thread of its own, which ends within its bound. */
import { Worker } from 'node:worker_threads'
import { LIMITS } from '../limits.js'
import { packageFile } from '../package-file.js'
import type { Answer, Cancel, Mapping, Router } from '../ports.js'
import { failed, failureOf } from './failure.js'
import type { UpnpQuestion } from './upnp-thread.js'

const FROM_SOURCES = import.meta.url.endsWith('.ts')
const THREAD = FROM_SOURCES ? 'src/node/upnp-thread-of-sources.mjs' : 'dist/src/node/upnp-thread.js'

const ask = <Value>(
  question: UpnpQuestion,
  done: (answer: Answer<Value>) => void,
  found: () => void = () => undefined,
): Cancel => {
  const thread = new Worker(packageFile(THREAD), {
    workerData: question,
    resourceLimits: { maxOldGenerationSizeMb: LIMITS.upnpHeapMiB },
    // What it prints is for nobody.
    stdout: true,
    stderr: true,
  })
  let ended = false
  const stop = (): void => {
    ended = true
    clearTimeout(bound)
    void thread.terminate()
  }
  const end = (answer: Answer<Value>): void => {
    if (ended) return
    stop()
    done(answer)
  }
  const late = (): void => end(failed('TIMEOUT', `no answer of a router within ${LIMITS.upnpTimeoutMs} ms`))
  const bound = setTimeout(late, LIMITS.upnpTimeoutMs)
  thread.on('message', (said: Answer<Value> | 'found') => {
    if (said !== 'found') end(said)
    else if (!ended) found()
  })
  thread.on('error', (error) => end({ type: 'failed', failure: failureOf(error) }))
  thread.on('exit', (code) => end(failed('GARBAGE', `the thread that asks the router ended with ${code}`)))
  return stop
}

/** `host` is the address that others are to be led to; that of the network of the router, where it is left out. */
export const nodeUpnp = (host: string | undefined): Router => ({
  protocol: 'upnp',
  map: (wish, done, found) => ask<Mapping>({ type: 'map', host, wish }, done, found),
  unmap: ({ externalPort }, done) => ask<undefined>({ type: 'unmap', host, externalPort }, done),
})
