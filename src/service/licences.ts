import { checkFields, readJsonFile } from '../engine/formats/checked-json.ts'
import { resourceFolder } from '../platform/resource-folder.ts'
import { TarsierError } from '../shared/errors.ts'
import { type Licences, type LicensedComponent, licencesSchema } from '../shared/licences.ts'

const FILE = 'licences.json'

/** Returns everything that is shipped, with its licences. */
export async function licensedComponents(): Promise<readonly LicensedComponent[]> {
  return (await readLicences()).components
}

/** Returns the texts with these ids, in their order. */
export async function licenceTexts(ids: readonly string[]): Promise<readonly string[]> {
  const { texts } = await readLicences()
  return ids.flatMap((id) => (Object.hasOwn(texts, id) ? [texts[id] ?? ''] : []))
}

/** The file has a megabyte and is seldom asked for, so it is not kept. */
async function readLicences(): Promise<Licences> {
  const folder = resourceFolder('licences', FILE)
  if (folder === null) throw new TarsierError('internal', `The file ${FILE} of the app is missing. Install Tarsier Desktop again.`)
  return checkFields(await readJsonFile(folder, FILE), licencesSchema, FILE, 'internal')
}
