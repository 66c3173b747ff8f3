import { resourceFolder } from '../../platform/resource-folder.ts'
import { type CatalogueEntry, catalogueSchema } from '../../shared/catalogue.ts'
import { TarsierError } from '../../shared/errors.ts'
import { checkFields, readJsonFile } from '../formats/checked-json.ts'

const FILE = 'catalogue.json'

/** Returns the checkpoints that are known to work, the recommended one first. */
export async function readCatalogue(): Promise<CatalogueEntry[]> {
  const folder = resourceFolder('models', FILE)
  if (folder === null) throw new TarsierError('internal', `The file ${FILE} of the app is missing. Install Tarsier Desktop again.`)
  return checkFields(await readJsonFile(folder, FILE), catalogueSchema, FILE, 'internal')
}

/** Finds the entry for a repository or its bare name, ignoring case; null if the catalogue has none. */
export async function findInCatalogue(name: string): Promise<CatalogueEntry | null> {
  const wanted = name.toLowerCase()
  const entries = await readCatalogue()
  return entries.find((entry) => entry.repository.toLowerCase() === wanted || entry.name.toLowerCase() === wanted) ?? null
}
