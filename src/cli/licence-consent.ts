import { Option } from 'commander'
import { findInCatalogue } from '../engine/models/catalogue.ts'
import { licenceText } from '../shared/catalogue.ts'
import { agreed } from './agreed.ts'

/** Printed on standard error when the user does not accept a licence. */
export const NOTHING_DOWNLOADED = 'Nothing was downloaded.\n'

export function acceptLicenceOption(): Option {
  return new Option(
    '--accept-licence',
    'accept a licence of the catalogue that forbids commercial use, without being asked (default: ask on the terminal before downloading)',
  )
}

/**
 * Says on standard error under which licence a checkpoint of the catalogue is, before it is downloaded. If that forbids commercial use, asks for a
 * confirmation. Throws `usage` if there is no terminal for it.
 * @param accepted whether the user has accepted it already
 * @returns false if the user does not accept it
 */
export async function acceptsLicence(repository: string, accepted: boolean, signal: AbortSignal): Promise<boolean> {
  const entry = await findInCatalogue(repository)
  if (entry === null) return true
  process.stderr.write(`licence of ${entry.name}: ${licenceText(entry)}\n`)
  if (entry.licence.nonCommercial !== true || accepted) return true
  return await agreed(
    `Download ${entry.name} for non-commercial use? [y/N] `,
    `The licence of ${entry.name} forbids commercial use, which needs a confirmation, but there is no terminal. Add --accept-licence.`,
    signal,
  )
}
