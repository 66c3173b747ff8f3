/**
 * Packages that npm installs with ours and that the program never loads. node-av has them for WebRTC (its optional dependency `werift`), and the
 * program only uses `node-av/lib` and `node-av/constants`. Installers leave them out, and so does the test of the package.
 */
export const neverLoaded = /** @type {const} */ ([
  '@fidm/asn1',
  '@fidm/x509',
  '@noble/curves',
  '@noble/hashes',
  '@peculiar/x509',
  'asn1js',
  'mediabunny',
  'mp4box',
  'tsyringe',
  'werift',
  'werift-common',
  'werift-dtls',
  'werift-ice',
  'werift-rtp',
  'werift-sctp',
])
