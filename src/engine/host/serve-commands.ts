import { endWithParent } from '../../platform/end-with-parent.ts'
import { assertNever, asTarsierError, isAbort } from '../../shared/errors.ts'
import { longestStep } from '../bounded.ts'
import type { DeviceUseReport } from '../devices/device-use.ts'
import type { FromHost, ToHost } from './protocol.ts'

/** Runs one command. Events are passed to `send`; the returned value is the result. */
type Run<Command, Event> = (command: Command, signal: AbortSignal, send: (event: Event) => void) => Promise<unknown>

/**
 * Serves commands in the child process until the parent disconnects. Commands run concurrently.
 *
 * @param finish completes background work before the process exits; not called while a command runs, because nobody waits for its result any more.
 * The parent kills the process if this takes too long.
 */
export function serveCommands<Command, Event>(run: Run<Command, Event>, finish: () => Promise<void> = async () => {}): void {
  endWithParent()
  const running = new Map<number, AbortController>()
  const send = (message: FromHost<Event>): void => {
    // The parent may have ended already; then `disconnect` below ends this process.
    if (process.connected) process.send?.(message)
  }
  const handle = async (id: number, command: Command): Promise<void> => {
    const controller = new AbortController()
    running.set(id, controller)
    try {
      const value = await run(command, controller.signal, (event) => send({ kind: 'event', id, event }))
      send({ kind: 'result', id, value: value ?? null })
    } catch (error) {
      send({ kind: 'failed', id, error: isAbort(error) ? 'aborted' : asTarsierError(error).toData() })
      if (process.env.TARSIER_DEBUG === '1')
        process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    } finally {
      running.delete(id)
    }
  }
  process.on('message', (message: ToHost<Command>) => {
    switch (message.kind) {
      case 'command':
        void handle(message.id, message.command)
        return
      case 'cancel':
        running.get(message.id)?.abort()
        return
      case 'ping':
        send({ kind: 'alive', step: longestStep() })
        return
      default:
        assertNever(message, 'message')
    }
  })
  process.on('disconnect', () => {
    if (running.size > 0) process.exit(0)
    void finish().finally(() => process.exit(0))
  })
  // Ctrl-C reaches all processes of the terminal; the parent handles it and cancels commands.
  process.on('SIGINT', () => {})
}

/** Reports to the parent that a device is entered or left. Resolves when the message is sent, because the following call may end this process. */
export function reportDeviceUse(report: DeviceUseReport): Promise<void> {
  return new Promise((resolve) => {
    const message: FromHost<never> = { kind: 'device-use', report }
    if (process.connected && process.send) process.send(message, undefined, undefined, () => resolve())
    else resolve()
  })
}
