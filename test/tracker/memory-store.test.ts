/** The store in memory keeps the contract of stores. */
import { suite } from 'uvu'
import { MemoryStore } from '../../tracker/memory-store.js'
import { storeContract } from './store-contract.js'

const test = suite('memory store')

storeContract(test, 'memory store', async () => ({
  open: async (settings, random) => new MemoryStore(settings, random),
  courses: 60,
  dispose: async () => {},
}))

test.run()
