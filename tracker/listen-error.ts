/** Why a front cannot listen, in the words of a user: by the system's code for it. */
import { messageOf, systemCode, TorrewindError } from '../src/errors.js'

export const listenError = (error: unknown, host: string | undefined, port: number): TorrewindError => {
  const where = `${host ?? 'any address'}, port ${port}`
  switch (systemCode(error)) {
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return new TorrewindError('OPTION_INVALID', `${where}: this machine has no such address`, { cause: error })
    default:
      return new TorrewindError('PORT_TAKEN', `${where}: ${messageOf(error)}`, { cause: error })
  }
}
