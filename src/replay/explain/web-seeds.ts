/** Why a web seed gives what it gives: asked, put off, or without a file (BEP 19). */
import { PEER_WINDOW_MS, rateOf } from '../../events/meter.js'
import type { PeerState, WebSeedState } from '../../events/state.js'
import { type Claim, claim, type Finding, showDuration, showMany, showRate, type View } from './claim.js'
import { lastOf } from './evidence.js'

/** Web seeds that are told of one by one. */
const WEB_SEEDS_MAX = 8

const lacksOf = ({ url, lacks }: Readonly<WebSeedState>): readonly Claim[] => {
  if (lacks === undefined || lacks.count === 0) return []
  const isIt = (event: { readonly url: string }): boolean => event.url === url
  return [claim('web-seed-lacks', `${url} lacks ${showMany(lacks.count, 'piece')}`, lastOf('web-seed-lacks', isIt))]
}

const asked = ({ now }: View, peer: Readonly<PeerState>): Claim => {
  const { key, webSeed = '', requested, downloaded } = peer
  const rate = showRate(rateOf(downloaded, now, PEER_WINDOW_MS))
  const text = `${webSeed} is asked for ${showMany(requested.size, 'block')}, and gives ${rate}`
  const isIt = (event: { readonly peer: number }): boolean => event.peer === key
  return claim('web-seed-asked', text, lastOf('web-seed-began', isIt), lastOf('block-received', isIt))
}

const putOff = ({ now }: View, { url, lastError, nextAskAt }: Readonly<WebSeedState>): readonly Claim[] => {
  if (nextAskAt <= now) return []
  const text = `${url}: ${lastError}; it is asked again in ${showDuration(nextAskAt - now)}`
  return [
    claim(
      'web-seed-failed',
      text,
      lastOf('web-seed-failed', (event) => event.url === url),
    ),
  ]
}

/** Of those that the transfer has, which are at work, and which are not, and why. */
export const ofWebSeeds = (view: View): readonly Claim[] =>
  [...view.state.webSeeds.values()].slice(0, WEB_SEEDS_MAX).flatMap((webSeed) => {
    const peer = webSeed.peer === undefined ? undefined : view.state.peers.get(webSeed.peer)
    return [...(peer === undefined ? putOff(view, webSeed) : [asked(view, peer)]), ...lacksOf(webSeed)]
  })

/** Of one that is asked now. */
export const ofWebSeed = (view: View, peer: Readonly<PeerState>): Finding => {
  const webSeed = view.state.webSeeds.get(peer.webSeed ?? '')
  const moves = rateOf(peer.downloaded, view.now, PEER_WINDOW_MS) > 0
  return {
    verdict: moves ? 'progressing' : 'waiting',
    claims: [asked(view, peer), ...(webSeed === undefined ? [] : lacksOf(webSeed))],
  }
}
