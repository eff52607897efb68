/** A promise that is settled from outside, once, and whose rejection nobody has to hear. */

const nothing = (): void => undefined

/** Once it is settled that is remembered here: to settle a promise again does nothing, and takes half a microsecond. */
export class Settled {
  readonly promise: Promise<void>
  #resolve: () => void = nothing
  #reject: (error: Error) => void = nothing

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.promise.catch(nothing)
  }

  resolve(): void {
    const resolve = this.#resolve
    this.#forget()
    resolve()
  }

  reject(error: Error): void {
    const reject = this.#reject
    this.#forget()
    reject(error)
  }

  #forget(): void {
    this.#resolve = nothing
    this.#reject = nothing
  }
}
