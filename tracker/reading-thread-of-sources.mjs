// The thread that reads .torrents, as it is run from the sources: TypeScript is understood there only after this.
import { register } from 'tsx/esm/api'

register()
await import('./reading-thread.ts')
