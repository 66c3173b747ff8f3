import type { Diagnosis } from '../diagnosis.ts'
import { DeviceRecovery, type OnDeviceFailure } from './device-recovery.ts'
import type { EngineCommand, HostEvent } from './engine-commands.ts'
import { HostCalls } from './host-calls.ts'

export interface DiagnosisOptions {
  /** Home folder, where crashes of devices are stored. */
  readonly home: string
  readonly onDeviceFailure?: OnDeviceFailure | undefined
  /** Entry of the engine process, beside this file. Defaults to the engine's own. */
  readonly program?: string
}

/**
 * Runs the diagnosis in a child process, because it may crash. After a crash of a device the diagnosis is repeated without it; the crash is the
 * device's result, and is stored so that the device is not started again.
 */
export async function diagnoseInHost(
  { home, onDeviceFailure, program = 'engine-host' }: DiagnosisOptions,
  signal: AbortSignal,
): Promise<Diagnosis> {
  const devices = new DeviceRecovery({ device: 'auto', home }, onDeviceFailure)
  await using calls = new HostCalls<EngineCommand, HostEvent>(program, {
    name: 'The engine',
    onDeviceUse: (use) => devices.entered(use),
  })
  const recovery = devices.command((error) => calls.end(error))
  for (;;) {
    try {
      return await calls.ask<Diagnosis>({ kind: 'diagnose', home, passedOver: devices.passedOver }, signal)
    } catch (error) {
      await recovery.passOver(error)
    }
  }
}
