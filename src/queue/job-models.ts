import { isDeepStrictEqual } from 'node:util'
import { modelHashes } from '../bench/run/tarsier-settings.ts'
import { removeModel } from '../engine/models/manage.ts'
import { listModels } from '../engine/models/registry.ts'
import { TarsierError } from '../shared/errors.ts'
import type { ImportedModel } from './job-request.ts'

/** A model of a job, and the repository that it was imported from. */
export type HubModel = ImportedModel & { readonly source: NonNullable<ImportedModel['source']> }

/** Finds models of jobs among those of this machine, by the hashes of their files. */
export class JobModels {
  readonly #home: string
  readonly #fetch: ((model: HubModel, folder: string, signal: AbortSignal) => Promise<void>) | null
  /** Models that were imported and had other files: they are not downloaded every minute. */
  readonly #refused = new Map<string, TarsierError>()

  /**
   * @param fetch imports a model that this machine does not have, under its own name, which is part of its files, into a folder of another name if
   *   that is taken; null if it must not
   */
  constructor(home: string, fetch: ((model: HubModel, folder: string, signal: AbortSignal) => Promise<void>) | null) {
    this.#home = home
    this.#fetch = fetch
  }

  /**
   * The folder of the installed model with the files of the job's, whatever its name. Throws `model-missing`, `model-mismatch` if the repository of
   * the model has other files by now, and as importing does.
   */
  async folderOf(model: ImportedModel, signal: AbortSignal): Promise<string> {
    const { name, source } = model
    const found = await this.#installed(model)
    if (found !== undefined) return found
    if (this.#fetch === null || source === null) {
      const how =
        source === null
          ? "Copy the model's folder from the machine that submitted the job into the models folder of this one"
          : `Import ${source.repository} as "${name}" in the same precision, copy the model's folder, or start the worker with --fetch-model`
      throw new TarsierError('model-missing', `No model on this machine has the files of "${name}", the model of the job. ${how}.`, {
        details: { asked: name },
      })
    }
    const refused = this.#refused.get(hashesOf(model))
    if (refused) throw refused
    const folder = await this.#freeFolder(model)
    await this.#fetch({ ...model, source }, folder, signal).catch(async (error: unknown) => {
      // Another worker of this machine may have imported it in the meantime.
      if ((await this.#installed(model)) === undefined) throw error
    })
    const fetched = await this.#installed(model)
    if (fetched !== undefined) return fetched
    await removeModel(folder, this.#home)
    const mismatch = new TarsierError(
      'model-mismatch',
      `The model that was imported from ${source.repository} has other files than the job's model "${name}" and was removed. Copy the model's folder from the machine that submitted the job.`,
    )
    this.#refused.set(hashesOf(model), mismatch)
    throw mismatch
  }

  async #installed(model: ImportedModel): Promise<string | undefined> {
    const models = await listModels(this.#home)
    const same = models.filter(({ manifest }) => manifest !== null && isDeepStrictEqual(modelHashes(manifest), { ...model.files }))
    return (same.find(({ name }) => name === model.name) ?? same[0])?.directory
  }

  /** The model's name, with the start of its hash if another model here has that name. */
  async #freeFolder({ name, files }: ImportedModel): Promise<string> {
    const taken = (await listModels(this.#home)).some((other) => other.name === name)
    return taken ? `${name}-${Object.values(files).join('').slice(0, 8)}` : name
  }
}

function hashesOf({ files }: ImportedModel): string {
  return JSON.stringify(Object.entries(files).sort())
}
