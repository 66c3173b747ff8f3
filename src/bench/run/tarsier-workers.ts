import { TarsierModel, type TarsierModelOptions } from './tarsier-model.ts'

/**
 * As many engine processes as shall work side by side, each with the model in memory. Throws what loading throws; what was opened by then is closed.
 * @param count 1 or more
 */
export async function openTarsierModels(
  count: number,
  options: TarsierModelOptions,
  signal: AbortSignal,
): Promise<[TarsierModel, ...TarsierModel[]]> {
  // One after the other: the first that does not fit into memory ends it.
  const models: [TarsierModel, ...TarsierModel[]] = [await TarsierModel.open(options, signal)]
  try {
    while (models.length < count) models.push(await TarsierModel.open(options, signal))
    return models
  } catch (error) {
    await closeModels(models)
    throw error
  }
}

/** Closes models under test; one that stands there several times is closed once. */
export async function closeModels(models: Iterable<AsyncDisposable>): Promise<void> {
  for (const model of new Set(models)) await model[Symbol.asyncDispose]()
}
