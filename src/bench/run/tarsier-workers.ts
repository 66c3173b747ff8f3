import { TarsierModel, type TarsierModelOptions } from './tarsier-model.ts'

/**
 * Opens `count` engine processes that work in parallel, each with the model in memory. Throws as loading does, after closing the ones already
 * opened.
 * @param count 1 or more
 */
export async function openTarsierModels(
  count: number,
  options: TarsierModelOptions,
  signal: AbortSignal,
): Promise<[TarsierModel, ...TarsierModel[]]> {
  // Load them sequentially, so that the first that does not fit into memory stops the loop.
  const models: [TarsierModel, ...TarsierModel[]] = [await TarsierModel.open(options, signal)]
  try {
    while (models.length < count) models.push(await TarsierModel.open(options, signal))
    return models
  } catch (error) {
    await closeModels(models)
    throw error
  }
}

/** Closes models; one that occurs several times is closed once. */
export async function closeModels(models: Iterable<AsyncDisposable>): Promise<void> {
  for (const model of new Set(models)) await model[Symbol.asyncDispose]()
}
