import { service } from '../transport.ts'

/** Has the service load the model before a question needs it. A question reports what goes wrong, and has the model loaded in any case. */
export function loadInAdvance(): void {
  service.models.loadInAdvance().catch(() => {})
}
