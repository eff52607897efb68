/** Tokens (BEP 5): who wants to store something proves by one that it is at the address which it asks from. */
import { createHash } from 'node:crypto'
import { LIMITS } from '../limits.js'
import { equalBytes } from '../values.js'
import { hostToBytes } from '../wire/compact.js'

const TOKEN_BYTES = 8
const SECRET_BYTES = 16

const tokenOf = (secret: Uint8Array, host: string, target: Uint8Array): Uint8Array => {
  const hash = createHash('sha1')
    .update(secret)
    .update(hostToBytes(host) ?? new Uint8Array())
    .update(target)
  return new Uint8Array(hash.digest().subarray(0, TOKEN_BYTES))
}

/** A token is for one host and one target, and holds for one turn of the secret and the next: 5 to 10 minutes. */
export class Tokens {
  readonly #entropy: (length: number) => Uint8Array
  #secret: Uint8Array
  #before: Uint8Array
  #turnedAt: number

  constructor(entropy: (length: number) => Uint8Array, now: number) {
    this.#entropy = entropy
    this.#secret = entropy(SECRET_BYTES)
    this.#before = this.#secret
    this.#turnedAt = now
  }

  for(host: string, target: Uint8Array, now: number): Uint8Array {
    this.#turn(now)
    return tokenOf(this.#secret, host, target)
  }

  isRight(token: Uint8Array, host: string, target: Uint8Array, now: number): boolean {
    this.#turn(now)
    return [this.#secret, this.#before].some((secret) => equalBytes(tokenOf(secret, host, target), token))
  }

  #turn(now: number): void {
    const turns = Math.floor((now - this.#turnedAt) / LIMITS.dhtTokenTurnMs)
    if (turns <= 0) return
    this.#before = turns === 1 ? this.#secret : this.#entropy(SECRET_BYTES)
    this.#secret = this.#entropy(SECRET_BYTES)
    this.#turnedAt += turns * LIMITS.dhtTokenTurnMs
  }
}
