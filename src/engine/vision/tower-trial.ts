import type { ModelManifest } from '../../shared/model-manifest.ts'
import { patchFloats } from './patches.ts'
import type { TowerSessionOptions } from './session-options.ts'
import type { NamedFloats } from './thread-messages.ts'
import { damaged } from './tower-files.ts'
import type { TowerForm } from './tower-form.ts'
import { TowerSession } from './tower-session.ts'

/** Opens a session and runs it once with a small image. Throws if the rows are not finite, or not as many as the manifest requires. */
export async function openTried(
  path: string,
  options: TowerSessionOptions,
  { vision }: ModelManifest,
  form: TowerForm,
): Promise<TowerSession> {
  const { trial } = form
  const [rows, columns] = [trial.height / vision.patchSize, trial.width / vision.patchSize]
  const further = form.furtherInputs(rows, columns)
  const session = await TowerSession.open(path, options)
  try {
    const data = Float32Array.from({ length: form.framesPerSlice * patchFloats(trial.width, trial.height) }, (_, i) => Math.sin(i * i))
    const { output } = await session.run([pixelsInput(data, 1, rows * columns), ...further])
    const expected = form.tokens(trial).rows * vision.width
    if (output.data.length !== expected)
      throw damaged(`a trial run returned ${output.data.length} values, but tarsier-model.json defines ${expected}`)
    if (!output.data.every(Number.isFinite)) throw new Error('a trial run returned wrong results')
    return session
  } catch (error) {
    await session.close()
    throw error
  }
}

/** The `pixels` input: patches of several slices of equal size. */
export function pixelsInput(data: Float32Array<ArrayBuffer>, slices: number, patches: number): NamedFloats {
  return { name: 'pixels', dims: [slices, patches, data.length / (slices * patches)], data }
}
