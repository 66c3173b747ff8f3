import { create } from 'zustand'
import type { Activity } from '../../shared/contract/system.ts'
import { service } from '../transport.ts'

interface ActivityState {
  /** Current work of the service; null until it has sent it. */
  readonly activity: Activity | null
  /** False while the service does not respond. */
  readonly connected: boolean
  readonly follow: (signal: AbortSignal) => Promise<void>
}

export const useActivity = create<ActivityState>((set) => ({
  activity: null,
  connected: true,
  follow: async (signal) => {
    for await (const activity of await service.system.activity(undefined, { signal })) set({ activity, connected: true })
  },
}))
