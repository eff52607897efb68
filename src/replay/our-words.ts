/** Words of our own: codes and reasons that say nothing of who was there, which redaction keeps. */
import { ERROR_CODES } from '../errors.js'

const WORDS: ReadonlySet<string> = new Set([
  ...Object.keys(ERROR_CODES),
  // Why a connection was ended (`CloseReason`).
  ...['handshake-timeout', 'silence', 'self-connection', 'duplicate-connection', 'wrong-info-hash', 'banned'],
  ...['protocol-fault', 'unasked-blocks', 'both-complete', 'too-many-peers', 'paused', 'ended', 'failed', 'checking'],
  ...['private', 'metadata-flood', 'metadata'],
  // What is wrong with bytes (`FaultCode`).
  ...['length-too-long', 'length-wrong', 'protocol-wrong', 'bitfield-size-wrong', 'bitfield-spare-bits'],
  ...['extension-handshake-invalid', 'encryption-wrong', 'pex-invalid', 'metadata-message-invalid'],
  // What ports answer with, beside the codes of systems.
  ...['TIMEOUT', 'REFUSED', 'STATUS', 'GARBAGE', 'TOO_LARGE', 'REDIRECTS', 'FAILURE', 'UNSUPPORTED', 'UNKNOWN', 'EOF'],
  ...['ECLOSED', 'ESYMLINK', 'ENOTFILE', 'NOT_ENCRYPTED', 'PROXY_REFUSED', 'PROXY_FAILED'],
  // Codes of systems.
  ...['EACCES', 'EADDRINUSE', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EAGAIN', 'EAI_AGAIN', 'EALREADY', 'EBADF', 'EBUSY'],
  ...['ECANCELED', 'ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EDQUOT', 'EEXIST', 'EFBIG', 'EHOSTDOWN'],
  ...['EHOSTUNREACH', 'EINPROGRESS', 'EINTR', 'EINVAL', 'EIO', 'EISDIR', 'ELOOP', 'EMFILE', 'EMSGSIZE', 'ENAMETOOLONG'],
  ...['ENETDOWN', 'ENETUNREACH', 'ENFILE', 'ENOBUFS', 'ENODEV', 'ENOENT', 'ENOMEM', 'ENOSPC', 'ENOTCONN', 'ENOTDIR'],
  ...['ENOTEMPTY', 'ENOTFOUND', 'ENOTSUP', 'ENXIO', 'EPERM', 'EPIPE', 'EPROTO', 'EROFS', 'ETIMEDOUT', 'EXDEV'],
])

const NUMBERED = /^(?:have of )?piece \d{1,7}$/

export const isOurWord = (text: string): boolean => WORDS.has(text) || NUMBERED.test(text)
