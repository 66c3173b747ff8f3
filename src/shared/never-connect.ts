import { assertNever } from './errors.ts'

/** What can switch off all connections to other machines. */
export type NeverConnectBy = 'option' | 'environment' | 'setting'

/** Name of the environment variable that does. */
export const NEVER_CONNECT_VARIABLE = 'TARSIER_NEVER_CONNECT'

/** Where "Never connect" is switched on, and how to switch it off again. One sentence, for every surface. */
export function howToConnect(by: NeverConnectBy): string {
  switch (by) {
    case 'option':
      return 'To allow connections, start the program without that option.'
    case 'environment':
      return `To allow connections, unset ${NEVER_CONNECT_VARIABLE}.`
    case 'setting':
      return 'To allow connections, switch it off in the settings of the app.'
    default:
      return assertNever(by, 'switch')
  }
}
