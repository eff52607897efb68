/** A worker thread where the sources themselves are run: tsx, which compiles them, registers in the main thread only. */
import { register } from 'tsx/esm/api'

register()

export default async (task) => {
  const { default: run } = await import('./thread.ts')
  return run(task)
}
