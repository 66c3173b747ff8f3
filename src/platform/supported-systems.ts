import { TarsierError } from '../shared/errors.ts'

/** `process.platform` and `process.arch` of systems for which all native packages have binaries. A test checks the packages against this list. */
export const supportedSystems: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64', 'win32-arm64']

/** Throws `native-library` on unsupported systems, before any native library is loaded. */
export function expectSupportedSystem(system = `${process.platform}-${process.arch}`): void {
  if (supportedSystems.includes(system)) return
  const reason =
    system === 'darwin-x64'
      ? 'Macs with an Intel processor are not supported, because ONNX Runtime, which runs the vision tower, is no longer available for them. Use a Mac with Apple silicon, or Linux or Windows on this machine.'
      : `${system} is not supported, because some native libraries are not available for it. Use Linux or Windows (x64, arm64), or a Mac with Apple silicon.`
  throw new TarsierError('native-library', reason, { details: { system } })
}
