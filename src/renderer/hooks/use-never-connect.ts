import type { NeverConnectBy } from '../../shared/never-connect.ts'
import { useActivity } from '../stores/activity.ts'

/** What switches connections to other machines off; null if they are allowed, or the service has not said yet. */
export function useNeverConnect(): NeverConnectBy | null {
  return useActivity((state) => state.activity?.neverConnect ?? null)
}
