import { expect, test, vi } from 'vitest'
import type { Work } from '../../../src/shared/shell-messages.ts'

const electron = await vi.hoisted(async () => (await import('../../helpers/strict-electron.ts')).electronStandIn())
vi.mock('electron', () => electron.module)
const { setupQuit } = await import('../../../src/main/quit.ts')

test('a system shutdown is neither confirmed nor delayed, and the service is informed', () => {
  const busy: Work = { answering: true, models: 0, batches: 1, benchmarks: 0, progress: null }
  const stop = vi.fn(async () => {})
  setupQuit({ stop }, () => busy)
  electron.dialog.showMessageBoxSync.mockReturnValue(1)
  const isPrevented = (name: 'before-quit' | 'will-quit') => {
    const event = { preventDefault: vi.fn() }
    electron.listeners.emit(name, event)
    return event.preventDefault.mock.calls.length > 0
  }
  expect(isPrevented('before-quit')).toBe(true)
  electron.power.emit('shutdown')
  electron.dialog.showMessageBoxSync.mockClear()
  expect(isPrevented('before-quit')).toBe(false)
  expect(isPrevented('will-quit')).toBe(false)
  expect(electron.dialog.showMessageBoxSync).not.toHaveBeenCalled()
  expect(stop).toHaveBeenCalledOnce()
})
