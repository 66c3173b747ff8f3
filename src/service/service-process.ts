import { tarsierHome } from '../engine/home.ts'
import { Service } from './service.ts'
import { type FromShell, ShellPort } from './shell-port.ts'

/** Electron's `process.parentPort`, which only its utility processes have; the service knows no Electron beyond this. */
interface ParentPort {
  on(event: 'message', listener: (event: { readonly data: FromShell; readonly ports: Parameters<ShellPort['receive']>[1] }) => void): void
  postMessage(message: unknown): void
}

/** The service in a process of its own, which the shell starts and starts again. It ends with the shell. */
const { parentPort } = process as unknown as { readonly parentPort: ParentPort }
const service = new Service({ home: tarsierHome() })
const shell = new ShellPort(service, (message) => parentPort.postMessage(message))
parentPort.on('message', ({ data, ports }) => shell.receive(data, ports))
await service.resume()
