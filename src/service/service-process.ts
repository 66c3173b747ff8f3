import { keepCrashReports } from '../platform/crash-reports.ts'
import { tarsierHome } from '../platform/home.ts'
import { expectSupportedSystem } from '../platform/supported-systems.ts'
import { asTarsierError } from '../shared/errors.ts'
import type { FromShell, ToShell } from '../shared/shell-messages.ts'
import { openService } from './service.ts'
import { ShellPort } from './shell-port.ts'
import { watchWork } from './shell-work.ts'
import { appVersion } from './version.ts'

/** Electron's `process.parentPort`, which only utility processes have. The service uses nothing else of Electron. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: FromShell; readonly ports: Parameters<ShellPort['receive']>[1] }) => void): void
  postMessage(message: ToShell): void
}

/** Entry point of the service process, which the shell starts and restarts. It ends with the shell. */
const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
const send = (message: ToShell) => parentPort.postMessage(message)

keepCrashReports(tarsierHome(), 'service', appVersion())

// Report startup errors to the shell, such as a library that another program has locked.
try {
  expectSupportedSystem()
  const service = openService({ home: tarsierHome() })
  const shell = new ShellPort(service, send)
  const leaving = new AbortController()
  parentPort.on('message', ({ data, ports }) => {
    if (data.kind !== 'end') return shell.receive(data, ports)
    leaving.abort()
    void service[Symbol.asyncDispose]().finally(() => process.exit(0))
  })
  void watchWork(
    service,
    { work: (work) => send({ kind: 'work', work }), ended: (ended) => send({ kind: 'ended', ended }) },
    leaving.signal,
  )
  await service.resume()
} catch (error) {
  send({ kind: 'refused', error: asTarsierError(error).toData() })
}
