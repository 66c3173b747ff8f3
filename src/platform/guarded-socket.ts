import { Socket } from 'node:net'
import { isLoopback } from './loopback.ts'
import { expectMayConnect, whenSwitchedOff } from './never-connect.ts'

/**
 * A socket for a client that makes its own connections. While connections to other machines are switched off, it fails with `connections-off`
 * instead of connecting, and an open one ends with the same error.
 */
export class GuardedSocket extends Socket {
  /** As `net.Socket.connect`, of a path, or of a port and a host. */
  override connect(...target: unknown[]): this {
    const [first, host = 'localhost'] = target
    // A path is a socket in the file system of this machine.
    if (typeof first === 'string' && first.includes('/')) return super.connect(first)
    try {
      expectMayConnect(String(host))
    } catch (error) {
      return this.destroy(error as Error)
    }
    if (!isLoopback(String(host))) {
      const guard = whenSwitchedOff((error) => this.destroy(error))
      this.once('close', () => guard[Symbol.dispose]())
    }
    return super.connect(Number(first), String(host))
  }
}
