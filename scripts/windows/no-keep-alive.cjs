/**
 * Loaded into Windows' Node under Wine, which before version 9 does not know TCP_KEEPIDLE: a socket that is to be kept alive, as undici's are,
 * would not connect at all.
 */
require('node:net').Socket.prototype.setKeepAlive = function () {
  return this
}
