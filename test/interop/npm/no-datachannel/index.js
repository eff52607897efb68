// Names that are imported by `webrtc-polyfill`; none is ever called, since the peers of the tests use TCP only.
export const PeerConnection = undefined
export const RtcpReceivingSession = undefined
export const Video = undefined
export const Audio = undefined
export const cleanup = undefined
